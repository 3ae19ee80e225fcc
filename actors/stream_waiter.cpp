#include "actors/stream_waiter.hpp"

#include "messages/protocols/errors.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace eventpulse {

stream_waiter_actor::behavior_type
stream_waiter(stream_waiter_actor::pointer self, uint32_t partition,
              const std::function<std::unique_ptr<log_waiter>()>& open) {
  self->set_error_handler([](caf::error&) {});
  std::shared_ptr<log_waiter> log = open();
  return {
      [partition, log](wait_atom, const position& after,
                       uint32_t timeout_ms) -> caf::result<bool> {
        auto found =
            log->wait(partition, after, std::chrono::milliseconds(timeout_ms));
        if (!found)
          return error_of(found);
        return *found;
      },
  };
}

} // namespace eventpulse

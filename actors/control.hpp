#pragma once
// The control actor: rules, channels, keys, and what may be looked at. It turns
// a request into a call of a store and the result into an answer; a published
// rule also gets its entry in the stream. Detached, since stores block; several
// may run side by side, as they keep nothing but the keys.

#include "actors/admission.hpp"
#include "actors/control_routes.hpp"
#include "messages/protocols/control.hpp"
#include "messages/protocols/directory.hpp"
#include "messages/protocols/key_keeper.hpp"
#include "messages/protocols/schema_keeper.hpp"
#include "messages/protocols/stream_writer.hpp"
#include "runtime/core/intake/cloud_event.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/event_log.hpp"
#include "runtime/telemetry/log.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>

namespace eventpulse {

struct control_setup {
  std::function<std::unique_ptr<control_stores>()> open_stores;
  std::function<std::unique_ptr<hint_bus>()> open_hints;
  /// Also the age from which a row without a place is given a new entry.
  std::chrono::milliseconds sweep_interval{60'000};
  bool sweeps = true; // one of several side by side is enough
  /// Intake's, for what is replayed.
  intake::intake_options intake_bounds;
  uint32_t partitions = 1;
  directory_actor directory;
  std::shared_ptr<rate_gate> rates = std::make_shared<rate_gate>();
  std::shared_ptr<world> surroundings;
  logger log;
};

class control_state {
public:
  static inline const char* name = "control";
  using pointer = control_actor::stateful_pointer<control_state>;

  explicit control_state(pointer self) : self_(self) {}

  control_actor::behavior_type start(control_setup setup);

private:
  void handle(http_exchange& call);
  result<control_outcome> run(const control_route& route,
                              control_call& request);
  std::optional<api_key> let_in(http_exchange& call, scope needed);
  bool ask_again(const http_exchange& call, const control_outcome& outcome);
  void place(const control_outcome& outcome, const http_exchange& call);
  template <class Keeper>
  void reply_when_known(const Keeper& keeper, http_response answer,
                        const std::function<void(http_reply)>& reply);
  void replay(const control_outcome& outcome, const caller& by,
              const std::function<void(http_reply)>& reply);
  void sweep();

  pointer self_;
  control_setup setup_;
  std::unique_ptr<control_stores> stores_;
  std::unique_ptr<hint_bus> hints_;
  stream_writer_actor writer_;
  key_keeper_actor keeper_;
  schema_keeper_actor schema_keeper_;
  key_set_ptr keys_;                  // null until the key_keeper has told them
  schema::event_schemas_ptr schemas_; // the same, of the schema_keeper
};

control_actor::behavior_type
control(control_actor::stateful_pointer<control_state> self,
        const control_setup& setup);

} // namespace eventpulse

#include "actors/ledger.hpp"

#include "messages/protocols/errors.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

using namespace std::chrono_literals;

ledger_state::~ledger_state() {
  for (auto& w : queue_)
    w.answer.deliver(make_error(errc::outcome_unknown));
}

ledger_actor::behavior_type ledger_state::start(const ledger_setup& setup) {
  setup_ = setup;
  store_ = setup_.open_store();
  self_->set_error_handler([](caf::error&) {});
  return {
      [this](claim_atom, const std::string& kind,
             uint32_t limit) -> caf::result<due_deliveries> {
        auto due = store_->claim(kind, setup_.worker, limit, setup_.lease);
        if (!due)
          return error_of(due);
        return share(std::move(due).value());
      },
      [this](take_atom, const text_list& ids) -> caf::result<due_deliveries> {
        auto taken = store_->take(*ids, setup_.worker, setup_.lease);
        if (!taken)
          return error_of(taken);
        return share(std::move(taken).value());
      },
      [this](record_atom, const recorded_attempts& attempts) {
        auto answer = self_->make_response_promise<caf::ok_atom>();
        queue_.push_back({attempts, answer});
        wake(0ms);
        return answer;
      },
      [this](flush_atom) {
        flushing_ = false;
        flush();
      },
      [this](release_atom, const text_list& ids) {
        // Not released, they are swept up when their lease has passed.
        if (auto done = store_->release(*ids, setup_.worker); !done)
          setup_.log.warn("deliveries_not_released",
                          {{"reason", to_string(done.error())}});
      },
  };
}

void ledger_state::wake(std::chrono::milliseconds delay) {
  if (std::exchange(flushing_, true))
    return;
  if (delay == 0ms)
    self_->send(self_, flush_atom::value);
  else
    self_->delayed_send(self_, delay, flush_atom::value);
}

void ledger_state::flush() {
  std::vector<recorded_attempt> all;
  auto jobs = queue_.size();
  for (auto& w : queue_)
    all.insert(all.end(), w.attempts->begin(), w.attempts->end());
  if (all.empty())
    return;
  auto done = store_->record(all);
  if (!done) {
    ++failures_;
    setup_.log.warn("attempts_retry", {{"failures", failures_},
                                       {"reason", to_string(done.error())}});
    return wake(std::min<std::chrono::milliseconds>(
        100ms * (1u << std::min(failures_, 5u)), 2s));
  }
  failures_ = 0;
  for (; jobs > 0; --jobs) {
    queue_.front().answer.deliver(caf::ok_atom::value);
    queue_.pop_front();
  }
}

ledger_actor::behavior_type
ledger(ledger_actor::stateful_pointer<ledger_state> self,
       const ledger_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

// How the router ends when it is asked to: nothing more is fed, what is under
// way is answered and recorded, states are kept as they are. The next start has
// little to read then; one that is killed instead only has more.

#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace eventpulse {

/// The readers keep what is not answered and tell the next router.
void rule_router_state::give_back() {
  for (auto& [batch, answer] : std::exchange(batches_, {}))
    answer.deliver(make_error(errc::unavailable));
  for (auto& part : work_)
    if (auto* end = std::get_if<batch_end>(&part))
      owed_.push_back(end->answer);
  work_.clear();
  for (auto& answer : std::exchange(owed_, {}))
    answer.deliver(make_error(errc::unavailable));
}

void rule_router_state::end(const caf::exit_msg& why) {
  if (why.reason != caf::exit_reason::user_shutdown || !started_)
    return self_->quit(why.reason);
  ending_ = true;
  give_back();
  end_further();
}

/// Looked at whenever something that was under way is through. What takes too
/// long is killed by the supervisor, and recovered.
void rule_router_state::end_further() {
  auto under_way = [this] {
    return levels_.open_steps() > 0 || snapshots_under_way_ > 0 ||
           saves_under_way_ > 0;
  };
  if (!ending_ || said_last_ || under_way())
    return;
  if (!std::exchange(kept_last_, true)) {
    snapshots();
    if (under_way())
      return;
  }
  said_last_ = true;
  outcome_commit what;
  move_global(what);
  send_commit(std::move(what), [this] {
    setup_.log.info("evaluation_ended",
                    {{"cursor", to_string(handed_global_.key)}});
    self_->quit(caf::exit_reason::user_shutdown);
  });
}

} // namespace eventpulse

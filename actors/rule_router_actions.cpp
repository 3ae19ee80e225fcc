// What operators do to alerts, each at its place in the order.

#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/delivery/render.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

/// False: it has to wait. A resolution is for the rule's evaluator, which meets
/// it as it meets an event; what was recorded before it says nothing again.
bool rule_router_state::apply_action(const control_input& control,
                                     const alert_action& action) {
  if (control.key <= fed_.key)
    return true;
  const placed_action placed{control.key, action};
  bool recorded = control.key <= loaded_global_.key;
  cursor at{control.key, std::max(time_of_feed(), control.key.received_at_ms)};
  if (action.what == alert_action::kind::acknowledge) {
    make_step(at, {});
    if (recorded)
      return true;
    outcome_commit what;
    what.acknowledged.push_back(placed);
    send_commit(std::move(what));
    return true;
  }
  auto present = by_rule_.find(action.rule);
  auto* slot =
      present == by_rule_.end() ? nullptr : slots_[present->second].get();
  if (slot && (slot->now == rule_slot::phase::level ||
               slot->now == rule_slot::phase::starting)) {
    make_step({fed_.key, at.timer_ms}, {}); // everybody's timers up to here
    send_action(*slot, placed);
    return true;
  }
  bool alone = !slot || slot->now == rule_slot::phase::parked;
  if (alone && !recorded)
    return resolve_without_evaluator(placed);
  make_step(at, {}); // one that catches up reads it from history
  return true;
}

void rule_router_state::send_action(rule_slot& slot,
                                    const placed_action& action) {
  cursor at{action.key, time_of_feed()};
  // Until live, the feed starts where the first rule needs it.
  if (!live_ && action.key <= slot.read_from)
    return make_step(at, {});
  fed_ = at;
  auto number = levels_.begin(at, std::vector<uint32_t>{slot.index});
  send_step(slot, number, share(step{nullptr, {}, at, {action}}));
}

/// The alert is resolved as the store has it. An evaluator that comes back
/// later meets the action in history and says the same again.
bool rule_router_state::resolve_without_evaluator(const placed_action& action) {
  if (!remembered_ || remembered_->first != action.key) {
    compiling_ = true;
    auto ask = [this, action] {
      self_
          ->request(setup_.history, caf::infinite, snapshot_atom::value,
                    action.what.rule)
          .then(
              [this, key = action.key](const rule_memory_ptr& memory) {
                compiling_ = false;
                remembered_.emplace(key, memory);
                go_on();
              },
              [this](caf::error& e) {
                setup_.log.warn("memory_retry",
                                {{"reason", to_string(to_failure(e))}});
                compiling_ = false; // the next house tick tries again
              });
    };
    // After all that was recorded before.
    send_commit({}, std::move(ask));
    return false;
  }
  auto memory = std::exchange(remembered_, std::nullopt)->second;
  cursor at{action.key, std::max(time_of_feed(), action.key.received_at_ms)};
  make_step(at, {});
  auto named = by_rule_.find(action.what.rule);
  outcome_commit what;
  for (auto& open : memory->open) {
    if (open.id != action.what.alert)
      continue;
    alert_change change{alert_change::kind::resolved, open, {}};
    if (named != by_rule_.end() && !open.shadow)
      change.notify = slots_[named->second]->compiled->notify();
    change.after.state = alert_state::resolved;
    change.after.resolved_at_ms = action.key.received_at_ms;
    change.after.resolve_reason = "by_hand";
    change.after.resolved_by = action.what.by;
    change.after.resolve_comment = action.what.comment;
    what.deliveries = deliveries_of(change, setup_.surroundings->now_ms());
    what.changes.push_back(std::move(change));
  }
  if (!what.changes.empty())
    send_commit(std::move(what));
  return true;
}

} // namespace eventpulse

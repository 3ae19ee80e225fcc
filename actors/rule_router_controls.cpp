// The control inputs: a rule published, replaced, removed, each at its place in
// the order.

#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/delivery/render.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

namespace json = boost::json;

/// False: it has to wait; it is applied again when something has changed.
bool rule_router_state::apply(const control_input& control) {
  if (auto action = parse_alert_action(control))
    return apply_action(control, *action);
  if (control.key <= loaded_global_.key || control.key <= fed_.key)
    return true; // in force when we loaded, or fed before
  boost::system::error_code wrong;
  auto parsed = parse_kept_json(control.body, wrong);
  auto* body = wrong ? nullptr : parsed.if_object();
  auto* rule = body ? body->if_contains("rule") : nullptr;
  auto* version = body ? body->if_contains("version") : nullptr;
  auto* document = body ? body->if_contains("document") : nullptr;
  bool deletes = control.kind == "rule.deleted";
  bool publishes = control.kind == "rule.published" && version &&
                   version->is_int64() && document;
  if (!rule || !rule->is_string() || (!deletes && !publishes)) {
    setup_.log.error("control_not_understood",
                     {{"id", control.id}, {"kind", control.kind}});
    return true;
  }
  std::string id(rule->as_string());
  if (auto own = loaded_rules_.find(id);
      own != loaded_rules_.end() && control.key <= own->second.at.key)
    return true; // what it began has been evaluated, perhaps to its end
  auto present = by_rule_.find(id);
  if (present != by_rule_.end()) {
    auto& slot = *slots_[present->second];
    if (control.key <= slot.published)
      return true; // its own cursor was beyond, so it began with this one
    // The version in force is evaluated up to here first.
    if (slot.now != rule_slot::phase::parked &&
        (slot.now != rule_slot::phase::level || !slot.ready ||
         !slot.unanswered.empty()))
      return false;
  }
  for (auto& slot : slots_) // its end must not touch what comes after
    if (slot && slot->rule == id && slot->now == rule_slot::phase::retiring &&
        !slot->heir)
      return false;
  auto number = version && version->is_int64() ? version->as_int64() : 0;
  if (number < newest_[id]) {
    // Its entry was late: a newer version is in force already.
    make_step(
        {control.key, std::max(time_of_feed(), control.key.received_at_ms)},
        {});
    return true;
  }
  newest_[id] = number;
  if (publishes) {
    rule_version wanted;
    wanted.id = id;
    wanted.version = version->as_int64();
    wanted.document = json::serialize(*document);
    return apply_version(control, std::move(wanted));
  }
  if (present != by_rule_.end())
    retire(*slots_[present->second], "rule_removed", control.key);
  make_step({control.key, std::max(time_of_feed(), control.key.received_at_ms)},
            {});
  return true;
}

/// Compiles first. The control stays where it is meanwhile, since the version
/// in force may die before the answer.
bool rule_router_state::apply_version(const control_input& control,
                                      rule_version wanted) {
  if (compiled_ && compiled_->first == control.key) {
    // A broken rule never replaces a good one.
    if (compiled_->second && !publish(compiled_->second, control.key))
      return false;
    compiled_.reset();
    return true;
  }
  compiling_ = true;
  auto id = wanted.id;
  self_
      ->request(setup_.catalog, caf::infinite, compile_atom::value,
                share(std::move(wanted)))
      .then(
          [this, key = control.key](const compiled_rule_ptr& rule) {
            compiling_ = false;
            compiled_.emplace(key, rule);
            go_on();
          },
          [this, key = control.key, id](caf::error& e) {
            compiling_ = false;
            compiled_.emplace(key, nullptr);
            setup_.log.error(
                "rule_does_not_compile",
                {{"rule", id}, {"reason", to_string(to_failure(e))}});
            go_on();
          });
  return false;
}

/// False: it waits, as apply() says.
bool rule_router_state::publish(const compiled_rule_ptr& rule,
                                const order_key& key) {
  cursor at{key, std::max(time_of_feed(), key.received_at_ms)};
  auto present = by_rule_.find(rule->id());
  auto* old =
      present == by_rule_.end() ? nullptr : slots_[present->second].get();
  bool lives = rule->mode() != rule_mode::off;
  if (old && lives && old->now == rule_slot::phase::level &&
      old->compiled->fingerprint() == rule->fingerprint()) {
    replace(*old, rule, at);
    return false;
  }
  std::optional<uint32_t> retiring;
  bool successor = old != nullptr;
  if (old && old->now != rule_slot::phase::parked)
    retiring = old->index;
  if (old)
    retire(*old, lives ? "" : "rule_removed", key);
  make_step(at, {});
  if (retiring && !lives && slots_[*retiring])
    slots_[*retiring]->closing_version = rule->version();
  if (!lives) {
    outcome_commit what;
    what.statuses.push_back({rule->id(),
                             rule->version(),
                             rule_state::off,
                             setup_.worker,
                             {},
                             0,
                             0,
                             0});
    send_commit(std::move(what));
    return true;
  }
  auto& slot = add_slot(rule->id(), rule, key, at);
  slot.waits = retiring.has_value();
  slot.backfill_ms = rule->backfill_ms();
  slot.birth = levels_.begin(at, std::vector<uint32_t>{slot.index});
  if (slot.backfill_ms > 0)
    slot.now = rule_slot::phase::catching_up;
  if (retiring)
    slots_[*retiring]->heir = slot.index; // starts when that one is through
  else if (successor)
    start_heir(slot.index);
  else
    start_child(slot);
  return true;
}

/// The same state under another version. The state is evaluated up to there and
/// recorded before: made again from an older one it would be that of a rule
/// that had this version's cooldown all along.
void rule_router_state::replace(rule_slot& slot, const compiled_rule_ptr& rule,
                                const cursor& at) {
  compiling_ = true;
  cursor until{fed_.key, at.timer_ms};
  make_step(until, {}); // everybody's timers up to here
  auto last = levels_.begin(until, std::vector<uint32_t>{slot.index});
  send_step(slot, last, share(step{nullptr, {}, until}));
  auto full = std::exchange(slot.snapshot_full, false) ||
              snapshots_under_way_ > 0 || saves_under_way_ > 0;
  auto died = [this, index = slot.index,
               incarnation = slot.incarnation](caf::error&) {
    compiling_ = false;            // it is applied again, to the next evaluator
    if (!find(index, incarnation)) // or its supervisor is yet to tell
      go_on();
  };
  self_->request(slot.evaluator, caf::infinite, snapshot_atom::value, full)
      .then(
          [this, index = slot.index,
           incarnation = slot.incarnation](const rule_snapshot_ptr& taken) {
            if (find(index, incarnation))
              save({*taken});
          },
          [](caf::error&) {
            // So is the next one.
          });
  self_->request(slot.evaluator, caf::infinite, replace_atom::value, rule, at)
      .then(
          [this, rule, at, index = slot.index,
           incarnation = slot.incarnation](const step_outcome_ptr& outcome) {
            compiling_ = false;
            if (auto* s = find(index, incarnation))
              replaced(*s, rule, at, *outcome);
            go_on();
          },
          died);
}

/// Its cooldown and its resolve_after may be others now. The cursor goes with
/// it, or a start from a later snapshot would begin with the version before.
void rule_router_state::replaced(rule_slot& slot, const compiled_rule_ptr& rule,
                                 const cursor& at,
                                 const step_outcome& outcome) {
  compiled_.reset(); // the feed is past its control from here on
  slot.compiled = rule;
  index_.put(slot.index, rule);
  make_step(at, {}); // its evaluator may be further, the others are not
  slot.done = std::max(slot.done, outcome.at);
  set_deadline(slot, outcome.next_deadline_ms);
  record(slot, outcome);
  outcome_commit what;
  what.rules.push_back({slot.rule, slot.done, false});
  what.statuses.push_back(status_of(slot, rule_state::active));
  send_commit(std::move(what));
  wish_clock();
}

/// Evaluates the version up to the key, then resolves what is open for this
/// reason; without a reason its heir takes the open alerts over.
void rule_router_state::retire(rule_slot& slot, const std::string& reason,
                               const order_key& key) {
  cursor until{fed_.key, std::max(time_of_feed(), key.received_at_ms)};
  make_step(until, {}); // everybody's timers up to here
  by_rule_.erase(slot.rule);
  index_.remove(slot.index);
  set_deadline(slot, std::nullopt);
  slot.closing_reason = reason;
  slot.closed_by = key;
  slot.until = until;
  if (slot.now == rule_slot::phase::parked)
    return end_without_evaluator(slot);
  slot.now = rule_slot::phase::retiring;
  auto last = levels_.begin(until, std::vector<uint32_t>{slot.index});
  slot.closing_step = levels_.begin(until, std::vector<uint32_t>{slot.index});
  send_step(slot, last, share(step{nullptr, {}, until}));
  close(slot);
}

/// It is evaluated up to its end. An evaluator that dies on the way is followed
/// by another, which comes here again.
void rule_router_state::close(rule_slot& slot) {
  slot.closing = true;
  auto through = [this, index = slot.index,
                  incarnation = slot.incarnation](const step_outcome& outcome) {
    auto* s = find(index, incarnation);
    if (!s)
      return;
    levels_.answered(index, s->closing_step);
    outcome_commit what;
    what.changes = outcome.changes;
    auto now = setup_.surroundings->now_ms();
    for (auto& change : outcome.changes)
      for (auto& d : deliveries_of(change, now))
        what.deliveries.push_back(std::move(d));
    ended(*s, std::move(what));
    settle_credit();
    go_on();
  };
  if (slot.closing_reason.empty())
    self_->request(slot.evaluator, caf::infinite, snapshot_atom::value, false)
        .then([through](const rule_snapshot_ptr&) { through({}); },
              [](caf::error&) {});
  else
    self_
        ->request(slot.evaluator, caf::infinite, close_atom::value,
                  slot.closing_reason, slot.closed_by.received_at_ms)
        .then([through](const step_outcome_ptr& o) { through(*o); },
              [](caf::error&) {});
}

/// What the rule left open is resolved from the store, after all that was
/// recorded before; without a reason its heir takes that over.
void rule_router_state::end_without_evaluator(rule_slot& slot) {
  if (slot.closing_reason.empty())
    return ended(slot, {});
  auto resolve = [this, reason = slot.closing_reason,
                  at_ms = slot.closed_by.received_at_ms,
                  rule = slot.compiled](const rule_memory& left) {
    outcome_commit what;
    auto now = setup_.surroundings->now_ms();
    for (auto& open : left.open) {
      if (open.rule_version > rule->version())
        continue; // of one that was published since
      alert_change change{alert_change::kind::resolved, open, rule->notify()};
      change.after.state = alert_state::resolved;
      change.after.resolved_at_ms = at_ms;
      change.after.resolve_reason = reason;
      for (auto& d : deliveries_of(change, now))
        what.deliveries.push_back(std::move(d));
      what.changes.push_back(std::move(change));
    }
    send_commit(std::move(what));
  };
  ended(slot, {}, [this, resolve, rule = slot.rule] {
    self_->request(setup_.history, caf::infinite, snapshot_atom::value, rule)
        .then([resolve](const rule_memory_ptr& left) { resolve(*left); },
              [this, rule](caf::error& e) {
                setup_.log.error(
                    "alerts_left_open",
                    {{"rule", rule}, {"reason", to_string(to_failure(e))}});
              });
  });
}

/// The last commit of a version. Its cursor stays at the control that ended it:
/// a start from a global cursor that is not there yet must not begin it again.
void rule_router_state::ended(rule_slot& slot, outcome_commit what,
                              std::function<void()> then) {
  auto heir = slot.heir;
  if (!slot.closing_reason.empty()) {
    what.statuses.push_back(status_of(slot, rule_state::off));
    what.statuses.back().version =
        std::max(slot.closing_version, slot.compiled->version());
  }
  what.rules_removed.push_back(slot.rule);
  if (!heir)
    what.rules.push_back(
        {slot.rule, {slot.closed_by, slot.until.timer_ms}, false});
  drop(slot);
  if (heir)
    return start_heir(*heir, std::move(what));
  send_commit(std::move(what), std::move(then));
}

/// The cursor is the heir's from now on, in the commit that ends the other; it
/// starts when everything that was recorded of the other is committed.
void rule_router_state::start_heir(uint32_t index, outcome_commit what) {
  auto& heir = *slots_[index];
  heir.waits = false;
  heir.heired = true;
  what.rules.push_back(
      {heir.rule, heir.done, heir.now == rule_slot::phase::catching_up});
  send_commit(std::move(what), [this, index, child = heir.child] {
    auto* s = slots_[index].get();
    if (s && s->child == child)
      start_child(*s);
  });
}

void rule_router_state::drop(rule_slot& slot) {
  levels_.leave(slot.index);
  set_deadline(slot, std::nullopt);
  index_.remove(slot.index);
  holding_.erase(slot.index);
  if (auto named = by_rule_.find(slot.rule);
      named != by_rule_.end() && named->second == slot.index)
    by_rule_.erase(named);
  by_child_.erase(slot.child);
  self_
      ->request(setup_.evaluators, caf::infinite, delete_atom::value,
                slot.child)
      .then([] {}, [](caf::error&) {});
  slots_[slot.index].reset();
}

} // namespace eventpulse

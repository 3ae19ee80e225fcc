// How the router comes up: cursors, rules, snapshots, then history to its end.

#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/limits.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr size_t steps_ahead_max = 4; // of history, not through

order_key key_before(int64_t time_ms) {
  return {std::max<int64_t>(0, time_ms), 0, 0, 0};
}

} // namespace

void rule_router_state::load() {
  self_->request(setup_.history, caf::infinite, load_atom::value)
      .then(
          [this](const evaluation_state_ptr& state) {
            loaded_global_ = state->cursors.global;
            handed_global_ = loaded_global_;
            for (auto& c : state->cursors.rules)
              loaded_rules_[c.rule] = c;
            remove_stale(*state);
            compile_in_force(state, 0);
          },
          [this](caf::error& e) {
            // The supervisor's back-off is the retry.
            setup_.log.warn("evaluation_not_loaded",
                            {{"reason", to_string(to_failure(e))}});
            self_->quit(e);
          });
}

/// A rule that ended keeps a cursor until the global one has passed its end.
void rule_router_state::remove_stale(const evaluation_state& state) {
  std::set<std::string> in_force;
  for (auto& v : state.in_force)
    in_force.insert(v.id);
  outcome_commit what;
  for (auto& [rule, own] : loaded_rules_)
    if (!own.detached && own.at <= loaded_global_ && !in_force.contains(rule))
      what.rules_removed.push_back(rule);
  if (!what.rules_removed.empty())
    send_commit(std::move(what));
}

void rule_router_state::compile_in_force(const evaluation_state_ptr& state,
                                         size_t next) {
  if (next == state->in_force.size())
    return in_force_known();
  auto& version = state->in_force[next];
  self_
      ->request(setup_.catalog, caf::infinite, compile_atom::value,
                share(version))
      .then(
          [this, state, next](const compiled_rule_ptr& rule) {
            auto& v = state->in_force[next];
            newest_[v.id] = v.version;
            auto done = loaded_cursor(v.id);
            if (rule->mode() != rule_mode::off) {
              auto& slot =
                  add_slot(v.id, rule, v.key.value_or(order_key{}), done);
              slot.fresh = false;
              slot.backfill_ms = rule->backfill_ms();
            }
            compile_in_force(state, next + 1);
          },
          [this, state, next](caf::error& e) {
            auto& v = state->in_force[next];
            auto why = to_string(to_failure(e));
            setup_.log.error("rule_does_not_compile",
                             {{"rule", v.id}, {"reason", why}});
            // Others go on; what it misses is known when it compiles again.
            outcome_commit what;
            what.rules.push_back({v.id, loaded_cursor(v.id), true});
            what.statuses.push_back({v.id, v.version, rule_state::degraded,
                                     setup_.worker, why, 0, 0, 0});
            send_commit(std::move(what));
            compile_in_force(state, next + 1);
          });
}

cursor rule_router_state::loaded_cursor(const std::string& rule) const {
  auto own = loaded_rules_.find(rule);
  if (own == loaded_rules_.end())
    return loaded_global_;
  return own->second.detached ? own->second.at
                              : std::max(loaded_global_, own->second.at);
}

void rule_router_state::in_force_known() {
  for (auto& [rule, index] : by_rule_)
    starting_.insert(index);
  for (auto index : starting_)
    start_child(*slots_[index]);
  if (starting_.empty())
    start_feed();
}

void rule_router_state::slot_began(uint32_t index) {
  if (starting_.erase(index) > 0 && starting_.empty())
    start_feed();
}

/// Every slot of the start has begun, or is parked: the feed starts where the
/// first of them needs it.
void rule_router_state::start_feed() {
  auto from = loaded_global_.key;
  for (auto& slot : slots_)
    if (slot && slot->now == rule_slot::phase::level)
      from = std::min(from, slot->read_from);
  history_at_ = from;
  fed_ = {from, from == loaded_global_.key ? loaded_global_.timer_ms
                                           : from.received_at_ms};
  levels_ = level_set(fed_);
  started_ = true;
  setup_.log.info("evaluation_started",
                  {{"rules", by_rule_.size()},
                   {"cursor", to_string(loaded_global_.key)},
                   {"history_from", to_string(from)}});
  for (auto index : std::exchange(catch_up_queue_, {}))
    if (slots_[index])
      catch_up(*slots_[index]);
  read_history();
}

void rule_router_state::read_history() {
  if (page_wanted_ || live_ || !started_ || ending_ || !work_.empty() ||
      levels_.open_steps() >= steps_ahead_max)
    return;
  page_wanted_ = true;
  self_
      ->request(setup_.history, caf::infinite, read_atom::value, history_at_,
                static_cast<uint32_t>(limits::catch_up_page_max))
      .then(
          [this](const history_page_ptr& page) {
            page_wanted_ = false;
            auto& batch = *page->batch;
            if (!batch.events.empty())
              history_at_ = std::max(history_at_, batch.events.back().key());
            if (!batch.controls.empty())
              history_at_ = std::max(history_at_, batch.controls.back().key);
            live_ = !page->more; // before the batch: it must not ask again
            take_batch(batch, {});
            if (page->more)
              return read_history();
            setup_.log.info("evaluation_live",
                            {{"at", to_string(history_at_)}});
            for (auto& [live, answer] : std::exchange(batches_, {}))
              take_batch(*live, answer);
            wish_clock();
            if (setup_.went_live)
              setup_.went_live();
          },
          [this](caf::error& e) {
            page_wanted_ = false;
            setup_.log.warn("history_retry",
                            {{"reason", to_string(to_failure(e))}});
            // The next house tick asks again.
          });
}

/// Where a rule's history begins: its place in the stream less what it asked to
/// be primed with.
order_key rule_router_state::first_start(const rule_slot& slot) const {
  return slot.backfill_ms > 0
             ? key_before(slot.published.received_at_ms - slot.backfill_ms)
             : slot.published;
}

/// Without a snapshot a rule is primed with its horizon before its cursor,
/// never from before it was published less what it asked to be primed with.
order_key rule_router_state::replay_start(const rule_slot& slot) const {
  auto start = first_start(slot);
  if (slot.fresh)
    return start;
  auto done = std::max(slot.done.key.received_at_ms, slot.done.timer_ms);
  return std::max(start, key_before(done - slot.compiled->horizon_ms()));
}

void rule_router_state::began(rule_slot& slot, bool restored,
                              const step_outcome& outcome) {
  slot.ready = true;
  slot.groups = outcome.groups;
  slot.snapshot_full = true;
  slot.read_from = outcome.at.key;
  set_deadline(slot, outcome.next_deadline_ms);
  bool first = slot.now == rule_slot::phase::starting;
  auto own = loaded_rules_.find(slot.rule);
  if (first && !slot.fresh && own != loaded_rules_.end() &&
      own->second.detached)
    slot.now = rule_slot::phase::catching_up;
  else if (first)
    slot.now = rule_slot::phase::level;
  if (!restored && slot.now != rule_slot::phase::retiring)
    first_snapshot(slot);
  else
    born(slot);
  slot.fresh = false;
  if (slot.now == rule_slot::phase::level) {
    report(slot, rule_state::active);
    for (auto& kept : slot.unanswered)
      request_step(slot, kept.number, kept.what);
  } else {
    if (slot.now == rule_slot::phase::catching_up)
      report(slot, rule_state::catching_up);
    catch_up(slot);
  }
  if (!started_)
    return slot_began(slot.index);
  wish_clock();
  go_on();
}

} // namespace eventpulse

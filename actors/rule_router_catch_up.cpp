// A rule that is behind reads history by itself until it is level again, or at
// the end of a version that retires.

#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/engine/alert_action.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

constexpr size_t catching_up_max = 4; // rules reading history at once

} // namespace

void rule_router_state::retry_later(rule_slot& slot) {
  retries_.insert(slot.index);
}

void rule_router_state::catch_up(rule_slot& slot) {
  if (slot.under_way || slot.draining || slot.closing || !slot.ready)
    return;
  if (!started_ ||
      (catching_up_ >= catching_up_max && !holding_.contains(slot.index))) {
    catch_up_queue_.push_back(slot.index);
    return;
  }
  slot.under_way = true;
  ++catching_up_;
  slot.single.reset();
  auto careful = slot.read_from < slot.suspect_until;
  self_
      ->request(setup_.history, caf::infinite, read_atom::value, slot.read_from,
                careful ? 1u : static_cast<uint32_t>(limits::catch_up_page_max))
      .then(
          [this, goal_then = goal_of(slot), index = slot.index,
           incarnation = slot.incarnation](const history_page_ptr& page) {
            if (auto* s = find(index, incarnation))
              caught_page(*s, *page, goal_then);
          },
          [this, index = slot.index,
           incarnation = slot.incarnation](caf::error& e) {
            setup_.log.warn("history_retry",
                            {{"reason", to_string(to_failure(e))}});
            if (auto* s = find(index, incarnation)) {
              s->under_way = false;
              --catching_up_;
              retry_later(*s);
              catch_up_next();
            }
          });
}

/// Up to here a rule that catches up is evaluated.
cursor rule_router_state::goal_of(const rule_slot& slot) const {
  return slot.now == rule_slot::phase::retiring ? slot.until : fed_;
}

/// `goal_then` is how far it was to come when the page was asked for: what was
/// fed since may be missing in it.
void rule_router_state::caught_page(rule_slot& slot, const history_page& page,
                                    const cursor& goal_then) {
  auto events = page.batch->events;
  auto to = cursor{slot.read_from, 0};
  if (!events.empty())
    to.key = std::max(to.key, events.back().key());
  if (!page.batch->controls.empty())
    to.key = std::max(to.key, page.batch->controls.back().key);
  to.timer_ms = to.key.received_at_ms;
  bool more = page.more;
  if (auto goal = goal_of(slot); goal.key < to.key) {
    // Never past the feed: a control that ends this version may stand there.
    std::erase_if(events, [&](const event& e) { return goal.key < e.key(); });
    to = goal;
    more = false;
  } else if (!page.more) { // everything up to there was in it
    to.key = std::max(to.key, goal_then.key);
    to.timer_ms = std::max(to.key.received_at_ms, goal_then.timer_ms);
  }
  if (events.size() == 1)
    slot.single = events.front().key();
  std::vector<uint32_t> hits;
  for (uint32_t i = 0; i < events.size(); ++i)
    if (!slot.skipped.contains(events[i].key()))
      hits.push_back(i);
  auto parse = slot.compiled->needs_data()
                   ? evaluation_batch::data_choice::everything()
                   : evaluation_batch::data_choice::nothing();
  auto what = share(
      step{evaluation_batch::make(std::move(events), parse), std::move(hits),
           to, resolutions_of(page.batch->controls, slot.rule, to.key)});
  slot.read_from = to.key;
  self_->request(slot.evaluator, caf::infinite, eval_atom::value, what)
      .then(
          [this, more, index = slot.index,
           incarnation = slot.incarnation](const step_outcome_ptr& outcome) {
            if (auto* s = find(index, incarnation))
              caught_up(*s, *outcome, more);
          },
          [](caf::error&) {
            // Its supervisor tells how the evaluator ended.
          });
}

void rule_router_state::caught_up(rule_slot& slot, const step_outcome& outcome,
                                  bool more) {
  slot.under_way = false;
  --catching_up_;
  slot.done = std::max(slot.done, outcome.at);
  set_deadline(slot, outcome.next_deadline_ms);
  record(slot, outcome);
  // Its cursor may be ahead of its state, which has to reach the feed.
  bool retires = slot.now == rule_slot::phase::retiring;
  if (more || outcome.at < goal_of(slot)) {
    if (!more && !retires) // the rest is short: the feed waits for it
      holding_.insert(slot.index);
    catch_up(slot);
  } else if (!retires) {
    join(slot);
  } else {
    for (auto& step : std::exchange(slot.unanswered, {}))
      levels_.answered(slot.index, step.number);
    close(slot);
  }
  catch_up_next();
}

void rule_router_state::catch_up_next() {
  while (started_ && !catch_up_queue_.empty() &&
         catching_up_ < catching_up_max) {
    auto index = catch_up_queue_.front();
    catch_up_queue_.pop_front();
    auto* slot = slots_[index].get();
    if (slot && (slot->now == rule_slot::phase::catching_up ||
                 slot->now == rule_slot::phase::retiring))
      catch_up(*slot);
  }
}

void rule_router_state::join(rule_slot& slot) {
  slot.now = rule_slot::phase::level;
  outcome_commit what;
  what.rules.push_back({slot.rule, slot.done, false});
  what.statuses.push_back(status_of(slot, rule_state::active));
  send_commit(std::move(what));
  setup_.log.info("rule_caught_up", {{"rule", slot.rule}});
  holding_.erase(slot.index);
  wish_clock();
  go_on();
}

} // namespace eventpulse

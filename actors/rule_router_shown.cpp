// What people see of the rules: spans, lags, and the counts on their pages.

#include "actors/rule_router.hpp"

#include "runtime/core/base/trace_stage.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

constexpr uint64_t ticks_between_reports = 10;
constexpr size_t statuses_at_once_max = 500;

int64_t time_of(const cursor& c) {
  return std::max(c.key.received_at_ms, c.timer_ms);
}

} // namespace

/// One span an event that the rule looked at, from when the step was made.
/// What lies before the rule's own start was only read again.
void rule_router_state::trace(const rule_slot& slot,
                              const rule_slot::sent_step& done) const {
  auto end_ns = setup_.traces.now_ns();
  for (auto index : done.what->hits) {
    auto& e = done.what->batch->at(index);
    auto& d = e.document;
    if (!setup_.traces.wants(d.traceparent) || e.key() <= slot.done.key)
      continue;
    auto parent = trace_stage::persist(
        trace_stage::stream(d.traceparent, d.source, d.id));
    auto context = trace_stage::evaluate(parent, slot.rule);
    setup_.traces.record(
        {"evaluate " + slot.rule,
         span_kind::internal,
         std::move(context),
         std::move(parent),
         done.sent_ns,
         end_ns,
         {{"eventpulse.rule", slot.rule},
          {"eventpulse.rule_version", slot.compiled->version()},
          {"eventpulse.position", to_string(e.where)}},
         ""});
  }
}

/// How far each rule is behind, by the time of what it has not evaluated yet.
void rule_router_state::show_lags() {
  if (!setup_.meters)
    return;
  auto now = setup_.surroundings->now_ms();
  for (auto& slot : slots_) {
    if (!slot)
      continue;
    auto seen = now;
    if (slot->now == rule_slot::phase::level && !slot->unanswered.empty())
      seen = time_of(slot->unanswered.front().what->to);
    else if (slot->now != rule_slot::phase::level && slot->done < fed_)
      seen = time_of(slot->done);
    slot->meters.set_lag(
        std::chrono::milliseconds{std::max<int64_t>(now - seen, 0)});
  }
}

/// The rules' pages show what was counted, a few seconds late.
void rule_router_state::report_counts() {
  if (++house_ticks_ % ticks_between_reports != 0)
    return;
  outcome_commit what;
  for (auto& slot : slots_) {
    if (!slot || slot->now != rule_slot::phase::level ||
        slot->matches + slot->errors == slot->counts_told ||
        what.statuses.size() == statuses_at_once_max)
      continue;
    slot->counts_told = slot->matches + slot->errors;
    what.statuses.push_back(status_of(*slot, rule_state::active));
  }
  if (!what.statuses.empty())
    send_commit(std::move(what));
}

} // namespace eventpulse

// From a state that was primed in silence to one that raises alerts.

#include "runtime/core/engine/evaluator_state.hpp"
#include "runtime/core/engine/group_codec.hpp"
#include "runtime/core/engine/group_key.hpp"
#include "runtime/core/windows/rule_time.hpp"

#include <map>
#include <set>
#include <utility>

namespace eventpulse {

void rule_evaluator::state::activate() {
  activated_ = true;
  own_changed_ = true;
  // Where this repeats what was recorded already, it says nothing.
  aloud_ = activate_at_ >= aloud_after_;
  const auto at_ms = time_of(activate_at_);
  // Adopted alerts by group; of two the newer one stands.
  std::map<std::string, const alert*> adopted;
  for (const auto& a : adopted_) {
    auto& mine = adopted[a.group_json];
    if (mine == nullptr || mine->opened_at_ms < a.opened_at_ms)
      mine = &a;
  }
  std::set<std::string> going_on;
  for (auto* g : groups_.sorted()) {
    const auto at = adopted.find(g->json);
    const auto* mine = at == adopted.end() ? nullptr : at->second;
    activate_group(*g, at_ms, mine);
    if (mine != nullptr && g->open)
      going_on.insert(mine->id);
    reschedule(*g, at_ms);
  }
  expect_groups(at_ms);
  for (auto& a : adopted_) {
    if (going_on.contains(a.id))
      continue;
    a.state = alert_state::resolved;
    a.resolved_at_ms = at_ms;
    a.resolve_reason = "rule_changed";
    if (aloud_)
      say(a, alert_change::kind::resolved);
  }
  adopted_.clear();
}

// An alert that priming opened was never recorded. Where the condition holds
// it opens here, or the one that is open in the store goes on.
void rule_evaluator::state::activate_group(group& g, int64_t at_ms,
                                           const alert* adopted) {
  const bool absent = rule_->document().kind == rule_kind::absence;
  const bool holds = absent ? g.open.has_value() : g.holds;
  if (!g.open && !(adopted != nullptr && holds))
    return;
  settle(g);
  make_busy(g);
  const auto primed = std::exchange(g.open, std::nullopt);
  // Recorded under this very version, the rule did not change but only lost its
  // state: an alert that is waiting to resolve goes on waiting.
  const bool recovered =
      adopted != nullptr && primed && adopted->rule_version == rule_->version();
  if (!holds && !recovered) {
    g.false_since.reset();
    return;
  }
  if (adopted != nullptr) {
    g.open = *adopted;
    if (recovered)
      g.last_opened = adopted->opened_at_ms;
    return;
  }
  if (absent) {
    // A silence that began in the past is waited for anew.
    g.last_opened.reset();
    g.silent_since = at_ms;
    return;
  }
  g.last_opened = at_ms;
  g.open = new_alert(g, to_string(activate_at_.key), {at_ms, nullptr, 0});
  g.open->summary = primed->summary;
  g.open->details = primed->details;
  g.open->values_json = primed->values_json;
  g.open->approximate = primed->approximate;
  g.open->events = primed->events;
  if (aloud_) {
    g.change = out_.changes.size();
    say(*g.open, alert_change::kind::opened);
  }
}

void rule_evaluator::state::expect_groups(int64_t at_ms) {
  if (!rule_->document().absence)
    return;
  for (const auto& json : rule_->document().absence->expect) {
    auto values = group_values(json);
    EP_EXPECT(values.has_value()); // the reader made it an array
    group identity;
    identity.json = json;
    identity.key = group_key_text(*values);
    identity.values = std::move(*values);
    if (groups_.find(identity.key) != nullptr)
      continue;
    auto& g = new_group(std::move(identity), activate_at_.key, at_ms);
    g.silent_since = at_ms;
    make_busy(g);
    reschedule(g, at_ms);
  }
}

} // namespace eventpulse

#pragma once
// One rule's state and its steps: step(state, events, time) -> outcomes, with
// no clock and no I/O. Owned by the evaluator actor, by tests of rules and by
// back-tests. Promises:
// - The same events in the same order give the same alerts, however they are
//   split into steps and wherever a snapshot is taken and restored between;
//   only how many `updated` changes there are depends on the split.
// - Timers act at their deadline, in order of (deadline, group), before every
//   event whose time is at or after it.
// - What stands at or before `aloud_after` shapes the state and says nothing.
// - Groups are bounded (limits::groups_max); the one longest without an event
//   goes first, and its open alert resolves as "evicted".
// - An expression that fails or exceeds its budget is counted, never fatal.

#include "messages/alert.hpp"
#include "messages/result.hpp"
#include "messages/snapshot.hpp"
#include "runtime/core/engine/alert_action.hpp"
#include "runtime/core/engine/evaluation_batch.hpp"
#include "runtime/core/rules/compile.hpp"

#include <memory>
#include <optional>

namespace eventpulse {

/// Grows when the same events would give another state or other outcomes.
inline constexpr int32_t engine_version = 2;

struct step {
  evaluation_batch_ptr batch; // may be null when there are no hits
  std::vector<uint32_t> hits; // candidates, ascending indexes into the batch
  cursor to;                  // everything up to here has been seen
  /// Resolutions by hand of the rule's alerts, ascending keys.
  std::vector<placed_action> by_hand = {};
};

struct step_outcome {
  /// In the order they happened. One `updated` an alert and step at most,
  /// folded into an `opened` or `resolved` of the same alert where there is
  /// one; an alert opened and resolved in one step gives both. A `match` alert
  /// is one `opened` whose state is resolved.
  std::vector<alert_change> changes;
  uint64_t evaluations = 0; // events that `when` was asked of
  uint64_t matches = 0;     // those that met it
  uint64_t errors = 0;
  uint64_t evicted = 0;   // groups
  std::string last_error; // of this step; empty when errors is 0
  std::optional<int64_t> next_deadline_ms;
  cursor at;
  size_t groups = 0;
};

class rule_evaluator {
public:
  /// Outcomes come only of events with key > aloud_after.key and timers with a
  /// deadline > max(aloud_after.key.received_at_ms, aloud_after.timer_ms). The
  /// first step that reaches aloud_after activates a state that was primed and
  /// not restored: groups whose condition holds open one alert there, with
  /// aloud_after.key as the opening point. The state is made of what comes
  /// after `from`, so a snapshot taken before the first step stands there.
  rule_evaluator(compiled_rule_ptr rule, cursor aloud_after,
                 order_key from = {});
  ~rule_evaluator();
  rule_evaluator(rule_evaluator&&) noexcept;
  rule_evaluator& operator=(rule_evaluator&&) noexcept;

  /// Before the first step: alerts of this rule that are open in the store but
  /// not in the state (a rule rebuilt after a change, a lost snapshot). At the
  /// activation each goes on if its group's condition holds, else it resolves
  /// as "rule_changed".
  void adopt(std::vector<alert> open);

  /// Events with key <= at().key are skipped: they were seen. Afterwards
  /// at() == step.to, unless it was later already.
  step_outcome evaluate(const step& what);

  /// Groups changed since the snapshot before; all of them the first time and
  /// after take_full_snapshot_next().
  rule_snapshot take_snapshot();
  void take_full_snapshot_next();

  /// errc::corrupt for bytes that cannot be read and for another engine, rule
  /// or fingerprint; the state is then as it was. Needs a full snapshot.
  result<void> restore(const rule_snapshot& from);

  /// Another version with the same fingerprint, from `at` on; the state stays.
  /// Alerts that are open go on under the new version's texts. What is overdue
  /// by its shorter cooldown or resolve_after is said aloud, at the time when
  /// it would have been due. Needs a state that has been evaluated up to `at`.
  step_outcome replace(compiled_rule_ptr rule, const cursor& at);

  std::optional<int64_t> next_deadline_ms() const;
  cursor at() const;
  size_t groups() const;
  const compiled_rule_ptr& rule() const;

  /// All open alerts resolve (the rule was removed, changed, switched off).
  std::vector<alert_change> close_all(std::string_view reason, int64_t at_ms);

private:
  class state;
  std::unique_ptr<state> state_;
};

} // namespace eventpulse

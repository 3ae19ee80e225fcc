#pragma once
// The state of one group of a rule: its window or silence, its open alert, and
// what the evaluator must remember of its past. Saved as one row of a snapshot.

#include "messages/alert.hpp"
#include "runtime/core/engine/evaluation_batch.hpp"
#include "runtime/core/windows/group_window.hpp"

#include <list>

namespace eventpulse {

struct seen_event {
  int64_t at_ms = 0;
  event_ref ref;
};

/// What an alert's texts and values are made of, kept until they are needed: of
/// all hits in a step only the last one's are.
struct alert_view {
  std::vector<cel::value> slots; // as in rules/rule_program.hpp
  evaluation_batch_ptr keep;     // what `event` points into
  bool approximate = false;
  uint64_t left_out = 0;
};

struct group {
  static constexpr size_t none = SIZE_MAX;

  std::string key;   // text without NUL, unique within the rule
  std::string json;  // JSON array of the group_by values
  cel::value values; // what `json` says: the variable `group`
  order_key touched; // the newest event of the group
  std::optional<group_window> window;  // threshold
  std::optional<int64_t> silent_since; // absence; none once it has fired
  std::optional<alert> open;
  bool holds = false; // the condition, when it was last looked at
  std::optional<int64_t> false_since; // only while an alert is open
  std::optional<int64_t> last_opened; // for the cooldown
  /// Resolved by hand while the condition held: as long as it goes on holding,
  /// only another hit opens an alert again, never a timer.
  bool hushed = false;
  fifo<seen_event> recent;     // at most limits::alert_events_max
  std::optional<event> newest; // where the rule's texts look at it
  uint64_t left_out = 0;       // samples, since the window was last empty

  // --- not part of the state ------------------------------------------------
  std::optional<int64_t> deadline;   // as the timer queue has it
  std::list<group*>::iterator place; // in the order of last use
  bool changed = false;              // since the last snapshot
  // Of the step under way:
  bool busy = false;
  size_t change = none; // the change that gets the alert's final form
  std::optional<alert_view> view;
  evaluation_batch_ptr newest_in; // newest event, not copied yet
  size_t newest_at = 0;
};

} // namespace eventpulse

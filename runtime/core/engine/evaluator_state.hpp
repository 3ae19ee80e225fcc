#pragma once
// The inside of rule_evaluator: the order of events, timers and the activation
// (rule_evaluator.cpp), what an event or a timer does to its group
// (evaluator_groups.cpp), the life of alerts (evaluator_alerts.cpp), and
// snapshots (evaluator_snapshot.cpp).

#include "runtime/core/engine/group_table.hpp"
#include "runtime/core/engine/rule_evaluator.hpp"
#include "runtime/core/rules/rule_program.hpp"

#include <algorithm>

namespace eventpulse {

/// How far rule time has come.
inline int64_t time_of(const cursor& c) {
  return std::max(c.key.received_at_ms, c.timer_ms);
}

class rule_evaluator::state {
public:
  state(compiled_rule_ptr rule, cursor aloud_after, order_key from);

  void adopt(std::vector<alert> open) {
    adopted_ = std::move(open);
    own_changed_ = true;
  }
  step_outcome evaluate(const step& what);
  step_outcome replace(compiled_rule_ptr rule, const cursor& at);
  std::vector<alert_change> close_all(std::string_view reason, int64_t at_ms);

  rule_snapshot take_snapshot();
  void take_full_snapshot_next() { full_next_ = true; }
  /// Into a fresh state of the same rule.
  result<void> load(const rule_snapshot& from);

  /// The activation too: what it says is of its own place in the order.
  std::optional<int64_t> next_deadline_ms() const;
  cursor at() const { return at_; }
  cursor aloud_after() const { return aloud_after_; }
  size_t groups() const { return groups_.size(); }
  const compiled_rule_ptr& rule() const { return rule_; }

private:
  // What is looked at: the event of a step, or (timers) none.
  struct glance {
    int64_t at_ms = 0;
    const evaluation_batch_ptr* batch = nullptr; // null: a timer
    size_t index = 0;

    const event* what() const { return batch ? &(*batch)->at(index) : nullptr; }
  };

  // --- order (rule_evaluator.cpp) -------------------------------------------
  void run_timers(int64_t until_ms);
  void activate(); // evaluator_activation.cpp
  void reach_activation();
  void take_event(const evaluation_batch_ptr& batch, size_t index);
  void take_by_hand(const placed_action& action); // evaluator_alerts.cpp
  group* group_of(const std::string& json);
  step_outcome end_step(const cursor& to);
  void settle_busy();
  int64_t aloud_ms() const;
  bool activation_lies_before(const cursor& to) const;

  // --- groups (evaluator_groups.cpp) ----------------------------------------
  void on_event(group& g, const glance& at, const std::vector<sample>& samples,
                uint64_t left_out);
  void on_timer(group& g, int64_t at_ms);
  void on_close(group& g, int64_t at_ms);
  std::optional<int64_t> deadline_of(const group& g) const;
  bool is_idle(const group& g, int64_t at_ms) const;
  /// Its next timer, or its end. `g` may be gone afterwards.
  void reschedule(group& g, int64_t at_ms);
  /// Key, JSON and values of the event's group; false: it has none.
  bool identify(const cel::value& event, group& out);
  group& group_for(group identity, const glance& at);
  group& new_group(group identity, const order_key& by, int64_t at_ms);
  void drop(group& g);
  void remember(group& g, const glance& at);
  std::vector<sample> samples_of(const cel::value& event, uint64_t& left_out);

  // --- activation (evaluator_activation.cpp) --------------------------------
  void activate_group(group& g, int64_t at_ms, const alert* adopted);
  void expect_groups(int64_t at_ms);

  // --- alerts (evaluator_alerts.cpp) ----------------------------------------
  alert_view view_of(const group& g, const glance& at) const;
  void add_event(const group& g, const glance& at, alert_view& view) const;
  /// Looks at the condition. Where it holds this is a hit of an open alert if
  /// `counts`, or opens one with the events since `since_ms`.
  void look(group& g, const glance& at, bool counts, int64_t since_ms);
  void open(group& g, const glance& at, alert_view view, int64_t since_ms);
  void hit(group& g, const glance& at, alert_view view, int64_t since_ms);
  void resolve(group& g, std::string_view reason, int64_t at_ms);
  void open_match(group& g, const glance& at, const cel::value& event);
  bool may_open(const group& g, int64_t at_ms) const;
  alert new_alert(const group& g, const std::string& point,
                  const glance& at) const;
  void render(const alert_view& view, alert& into) const;
  /// The texts of the alert as its last hit has them, into the step's change.
  void settle(group& g);
  void say(const alert& a, alert_change::kind what);
  std::vector<std::string> told(const alert& a, alert_change::kind what) const;

  cel::value evaluate(const program_ptr& p,
                      std::span<const cel::value> slots) const;
  void count_error(const cel::value& error, std::string_view where);
  void make_busy(group& g);

  compiled_rule_ptr rule_;
  const rule_program* program_;
  std::optional<window_plan> plan_; // threshold
  cursor aloud_after_;
  cursor activate_at_;
  bool activated_ = false;
  cursor at_;
  group_table groups_;
  std::vector<alert> adopted_; // until the activation
  bool full_next_ = true;
  bool own_changed_ = true; // activation or adopted_, since the last snapshot

  // Of the step under way:
  bool aloud_ = false;
  step_outcome out_;
  std::vector<group*> busy_; // nullptr: dropped
};

} // namespace eventpulse

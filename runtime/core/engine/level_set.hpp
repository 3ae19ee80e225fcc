#pragma once
// The level set: which rules still owe an answer to which step, and so how far
// evaluation as a whole has come. Pure bookkeeping for the rule_router.
//
// A step is a piece of the total order. It is through when every rule it
// concerns has answered; the global cursor is the end of the newest step before
// which, itself included, everything is through. A rule that is too far behind
// leaves: nothing waits for it any more.

#include "messages/position.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace eventpulse {

class level_set {
public:
  explicit level_set(cursor from) : global_(from), newest_(from) {}

  /// Adds the next step, up to `end`. Returns its number, from 1.
  uint64_t begin(const cursor& end, std::span<const uint32_t> concerned);

  /// The step concerns this rule too. Only for a step that is not through.
  void concern(uint64_t step, uint32_t rule);

  /// The rule has answered this step, and with it all before.
  void answered(uint32_t rule, uint64_t step);

  /// The rule's answers are not waited for any more.
  void leave(uint32_t rule);

  /// Everything up to here is through.
  const cursor& global() const noexcept { return global_; }

  /// The end of the newest step.
  const cursor& newest() const noexcept { return newest_; }

  /// Steps that are not through.
  size_t open_steps() const noexcept { return steps_.size(); }

  /// The first step after `step` whose end is at or after `time_ms`, unless
  /// there is none yet.
  std::optional<uint64_t> first_reaching(int64_t time_ms, uint64_t step) const;

  /// The end of an open step.
  const cursor& end_of(uint64_t step) const {
    return steps_[step - first_].end;
  }

  /// The rules that the oldest open step waits for.
  std::vector<uint32_t> oldest_waits_for() const;

private:
  struct open_step {
    cursor end;
    size_t waiting = 0;
  };

  open_step& at(uint64_t number) { return steps_[number - first_]; }
  void settle();

  std::deque<open_step> steps_; // numbered first_, first_ + 1, …
  uint64_t first_ = 1;
  cursor global_;
  cursor newest_;
  /// Per rule the steps it owes, ascending; absent when it owes none.
  std::unordered_map<uint32_t, std::deque<uint64_t>> owed_;
};

} // namespace eventpulse

#pragma once
// The last `size` of rule time, event by event: exact. An event is in the
// window while now < its time + size. Holds at most
// limits::window_events_exact_max; beyond that the evaluator goes over to panes
// (windows/pane_window.hpp).

#include "runtime/core/aggregates/column.hpp"

#include <optional>

namespace eventpulse {

class sliding_window {
public:
  explicit sliding_window(const aggregate_specs& specs);

  size_t size() const noexcept { return times_.size(); }
  bool empty() const noexcept { return times_.empty(); }

  /// Times do not fall; one that does counts as the newest.
  void push(int64_t at_ms, const std::vector<sample>& samples);
  /// Drops what has left at `now_ms`; whether anything had.
  bool expire(int64_t now_ms, int64_t size_ms);
  /// When the oldest event leaves.
  std::optional<int64_t> next_leave_ms(int64_t size_ms) const;

  std::vector<cel::value> values(const aggregate_specs& specs) const;

  int64_t time_of(size_t index) const { return times_[index]; }
  std::vector<sample> samples_of(size_t index) const;

  void save(byte_writer& to) const;
  /// Faults are the reader's.
  static sliding_window load(byte_reader& from, const aggregate_specs& specs);

private:
  fifo<int64_t> times_;
  std::vector<column> columns_; // as many as specs
};

} // namespace eventpulse

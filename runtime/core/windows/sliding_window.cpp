#include "runtime/core/windows/sliding_window.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/windows/rule_time.hpp"

#include <algorithm>

namespace eventpulse {

sliding_window::sliding_window(const aggregate_specs& specs) {
  columns_.reserve(specs.size());
  for (const auto& spec : specs)
    columns_.emplace_back(spec);
}

void sliding_window::push(int64_t at_ms, const std::vector<sample>& samples) {
  EP_EXPECT(samples.size() == columns_.size());
  times_.push(times_.empty() ? at_ms : std::max(at_ms, times_.back()));
  for (size_t i = 0; i < columns_.size(); ++i)
    columns_[i].push(samples[i]);
}

bool sliding_window::expire(int64_t now_ms, int64_t size_ms) {
  bool any = false;
  while (!times_.empty() && time_add(times_.front(), size_ms) <= now_ms) {
    times_.pop();
    for (auto& c : columns_)
      c.pop();
    any = true;
  }
  return any;
}

std::optional<int64_t> sliding_window::next_leave_ms(int64_t size_ms) const {
  if (times_.empty())
    return std::nullopt;
  return time_add(times_.front(), size_ms);
}

std::vector<cel::value>
sliding_window::values(const aggregate_specs& specs) const {
  std::vector<cel::value> out;
  out.reserve(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i)
    out.push_back(columns_[i].value(specs[i], times_.size()));
  return out;
}

std::vector<sample> sliding_window::samples_of(size_t index) const {
  std::vector<sample> out;
  out.reserve(columns_.size());
  for (const auto& c : columns_)
    out.push_back(c.at(index));
  return out;
}

void sliding_window::save(byte_writer& to) const {
  to.count(times_.size());
  for (size_t i = 0; i < times_.size(); ++i)
    to.i64(times_[i]);
  for (const auto& c : columns_)
    c.save(to, times_.size());
}

sliding_window sliding_window::load(byte_reader& from,
                                    const aggregate_specs& specs) {
  sliding_window out{specs};
  const auto n = from.count(sizeof(int64_t));
  if (n > limits::window_events_exact_max)
    from.fail();
  for (size_t i = 0; i < n && from.ok(); ++i) {
    const auto at = from.i64();
    if (!out.times_.empty() && at < out.times_.back())
      from.fail();
    out.times_.push(at);
  }
  for (auto& c : out.columns_)
    c.load(from, n);
  return out;
}

} // namespace eventpulse

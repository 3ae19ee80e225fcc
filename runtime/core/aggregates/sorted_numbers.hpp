#pragma once
// A sliding window over numbers that knows every rank: a sorted copy beside the
// queue. Insertion moves at most limits::window_events_exact_max doubles.

#include "runtime/core/aggregates/folds.hpp"
#include "runtime/core/windows/fifo.hpp"

#include <algorithm>
#include <vector>

namespace eventpulse {

/// The nearest rank of `percent` among `n` sorted things, from 0.
inline size_t nearest_rank(double percent, size_t n) {
  const double rank = std::ceil(percent / 100 * static_cast<double>(n));
  return std::min(n, static_cast<size_t>(std::max(rank, 1.))) - 1;
}

class sorted_numbers {
public:
  size_t size() const noexcept { return queue_.size(); }
  double operator[](size_t i) const { return queue_[i]; }

  void push(double x) {
    queue_.push(x);
    if (!std::isnan(x))
      sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), x), x);
  }

  void pop() {
    const double x = queue_.front();
    queue_.pop();
    if (!std::isnan(x))
      sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), x));
  }

  double percentile(double percent) const {
    return sorted_.empty() ? no_number
                           : sorted_[nearest_rank(percent, sorted_.size())];
  }

private:
  fifo<double> queue_;
  std::vector<double> sorted_;
};

} // namespace eventpulse

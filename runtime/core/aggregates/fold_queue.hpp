#pragma once
// A sliding window over numbers whose fold is always at hand, with no
// subtraction (so nothing cancels and minima work as well): two stacks, the
// older half with the folds of all suffixes, the newer with one running fold.
// Amortised O(1) an event. Absent samples are NaN and fold to nothing.
// The folds are functions of the two lists of numbers, so snapshots hold these.

#include "runtime/core/aggregates/folds.hpp"
#include "runtime/core/windows/fifo.hpp"

#include <vector>

namespace eventpulse {

template <class Fold>
class fold_queue {
public:
  size_t size() const noexcept { return older_.size() + newer_.size(); }

  void push(double x) {
    newer_.push_back(x);
    newer_fold_ = newer_fold_ + one(x);
  }

  void pop() {
    if (older_.empty())
      turn();
    EP_EXPECT(!older_.empty());
    older_.pop_back();
  }

  Fold fold() const {
    return older_.empty() ? newer_fold_ : older_.back().second + newer_fold_;
  }

  /// Index 0 is the oldest.
  double operator[](size_t i) const {
    return i < older_.size() ? older_[older_.size() - 1 - i].first
                             : newer_[i - older_.size()];
  }

  void save(byte_writer& to) const {
    to.count(older_.size());
    for (size_t i = 0; i < size(); ++i)
      to.f64((*this)[i]);
  }

  /// `size` numbers, as saved.
  void load(byte_reader& from, size_t size) {
    *this = fold_queue{};
    const auto older = from.count(8);
    if (older > size)
      return from.fail();
    for (size_t i = 0; i < size && from.ok(); ++i) {
      push(from.f64());
      if (i + 1 == older)
        turn();
    }
  }

private:
  static Fold one(double x) { return std::isnan(x) ? Fold{} : Fold::of(x); }

  // The newer stack becomes the older one: its oldest number on top.
  void turn() {
    older_.reserve(newer_.size());
    Fold suffix;
    for (auto it = newer_.rbegin(); it != newer_.rend(); ++it) {
      suffix = one(*it) + suffix;
      older_.emplace_back(*it, suffix);
    }
    newer_.clear();
    newer_fold_ = Fold{};
  }

  std::vector<std::pair<double, Fold>> older_; // back: oldest, fold of all
  std::vector<double> newer_;                  // back: newest
  Fold newer_fold_;
};

} // namespace eventpulse

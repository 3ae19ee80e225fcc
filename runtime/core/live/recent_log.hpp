#pragma once
// The newest stretch of a log, kept for all who follow it: everything in
// (begin, end], bounded in bytes by forgetting the oldest. Pure.

#include "runtime/core/base/check.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

namespace eventpulse {

/// `Item` has place() and size().
template <class Item, class Place>
class recent_log {
public:
  using iterator = typename std::deque<Item>::iterator;

  explicit recent_log(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Whoever stands at `place` can be served from here.
  bool covers(const Place& place) const { return place >= begin_; }
  const Place& begin_place() const { return begin_; }
  const Place& end_place() const { return end_; }

  void reset(const Place& at) {
    items_.clear();
    bytes_ = 0;
    begin_ = end_ = at;
  }

  void append(Item item) {
    EP_EXPECT(item.place() > end_);
    end_ = item.place();
    bytes_ += item.size();
    items_.push_back(std::move(item));
    while (bytes_ > bytes_max_) {
      begin_ = items_.front().place();
      bytes_ -= items_.front().size();
      items_.pop_front();
    }
  }

  /// The first item after `place`.
  iterator after(const Place& place) {
    return std::upper_bound(
        items_.begin(), items_.end(), place,
        [](const Place& p, const Item& i) { return p < i.place(); });
  }
  iterator end() { return items_.end(); }

  size_t bytes() const { return bytes_; }

private:
  size_t bytes_max_;
  std::deque<Item> items_;
  size_t bytes_ = 0;
  Place begin_{};
  Place end_{};
};

} // namespace eventpulse

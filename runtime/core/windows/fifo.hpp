#pragma once
// A queue in one block of memory: push at the back, pop at the front, indexed.
// A group has several and there may be 100,000 groups, so an empty one must
// cost nothing (std::deque takes half a KiB).

#include "runtime/core/base/check.hpp"

#include <vector>

namespace eventpulse {

template <class T>
class fifo {
public:
  size_t size() const noexcept { return items_.size() - head_; }
  bool empty() const noexcept { return size() == 0; }
  const T& operator[](size_t i) const { return items_[head_ + i]; }
  const T& front() const { return items_[head_]; }
  const T& back() const { return items_.back(); }

  void push(T item) { items_.push_back(std::move(item)); }

  void pop() {
    EP_EXPECT(!empty());
    items_[head_] = T{};
    ++head_;
    if (head_ == items_.size()) {
      items_.clear();
      head_ = 0;
    } else if (head_ >= 32 && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(),
                   items_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }

  void clear() noexcept {
    items_.clear();
    head_ = 0;
  }

private:
  std::vector<T> items_;
  size_t head_ = 0; // items before it were popped
};

} // namespace eventpulse

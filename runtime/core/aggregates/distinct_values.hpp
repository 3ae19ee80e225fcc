#pragma once
// A sliding window over values that counts the different ones.

#include "runtime/core/windows/fifo.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace eventpulse {

class distinct_values {
public:
  size_t size() const noexcept { return queue_.size(); }
  size_t distinct() const noexcept { return counts_.size(); }
  /// nullptr: absent.
  const std::string* operator[](size_t i) const { return queue_[i]; }

  void push(const std::string* text) {
    if (text == nullptr)
      return queue_.push(nullptr);
    const auto at = counts_.try_emplace(*text, 0).first;
    ++at->second;
    queue_.push(&at->first); // nodes of an unordered_map stay where they are
  }

  void pop() {
    const auto* text = queue_.front();
    queue_.pop();
    if (text == nullptr)
      return;
    const auto at = counts_.find(*text);
    if (--at->second == 0)
      counts_.erase(at);
  }

private:
  fifo<const std::string*> queue_;
  std::unordered_map<std::string, uint32_t> counts_;
};

} // namespace eventpulse

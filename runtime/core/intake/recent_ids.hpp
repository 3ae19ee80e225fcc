#pragma once
// The newest identities that were added to the stream, with their positions:
// what lets intake answer a repeated event with `duplicate`. Bounded, oldest
// out first; a forgotten one is simply added again, and the persister's own
// search finds it. Nothing is remembered before Redis has answered.

#include "messages/event.hpp"
#include "runtime/core/base/limits.hpp"

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace eventpulse::intake {

/// source, id and partition key: what makes two events the same.
inline std::string identity_of(const event_document& document) {
  return document.source + '\0' + document.id + '\0' + partition_key(document);
}

class recent_ids {
public:
  explicit recent_ids(size_t count_max = limits::recent_ids_max)
      : count_max_(count_max) {}

  /// Nothing for what was added more than limits::recent_ids_ms ago: then it is
  /// for the persister to say whether it is still within dedup_window.
  std::optional<position> find(const std::string& identity,
                               int64_t now_ms = 0) const {
    auto found = positions_.find(identity);
    if (found == positions_.end() ||
        now_ms - static_cast<int64_t>(found->second.ms) > limits::recent_ids_ms)
      return std::nullopt;
    return found->second;
  }

  /// Of an identity that is remembered already, the first position stays.
  void remember(std::string identity, const position& where) {
    auto [place, added] = positions_.try_emplace(std::move(identity), where);
    if (!added)
      return;
    order_.push_back(&place->first);
    if (order_.size() <= count_max_)
      return;
    positions_.erase(*order_.front());
    order_.pop_front();
  }

  size_t size() const noexcept { return order_.size(); }

private:
  size_t count_max_;
  std::unordered_map<std::string, position> positions_;
  std::deque<const std::string*> order_; // keys of positions_, oldest first
};

} // namespace eventpulse::intake

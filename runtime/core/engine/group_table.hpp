#pragma once
// All groups of an evaluator: by key, by last use (the cap on their number), by
// deadline (timers), and which of them the next snapshot must hold.

#include "runtime/core/engine/group.hpp"

#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace eventpulse {

class group_table {
public:
  size_t size() const noexcept { return by_key_.size(); }
  group* find(const std::string& key);
  /// A new group, the last in order of use. The key must be new.
  group& insert(std::unique_ptr<group> g);
  void erase(group& g);
  /// Makes it the last in order of use.
  void touch(group& g, const order_key& by);
  /// The first in order of use; there must be one.
  group& longest_unused() { return *used_.front(); }

  /// One timer a group; nullopt: none.
  void schedule(group& g, std::optional<int64_t> deadline);
  /// The first by (deadline, key), or nullptr.
  group* first_due() const {
    return timers_.empty() ? nullptr : timers_.begin()->who;
  }

  void mark_changed(group& g);
  void mark_all_changed();
  /// Keys of groups changed or erased since the last call, sorted.
  std::vector<std::string> take_changed();

  /// In order of keys, for a fixed order of outcomes.
  std::vector<group*> sorted();

private:
  struct timer {
    int64_t deadline;
    group* who;
    friend bool operator<(const timer& a, const timer& b) {
      return a.deadline != b.deadline ? a.deadline < b.deadline
                                      : a.who->key < b.who->key;
    }
  };

  std::unordered_map<std::string, std::unique_ptr<group>> by_key_;
  std::list<group*> used_; // front: longest unused
  std::set<timer> timers_;
  std::unordered_set<std::string> changed_;
};

} // namespace eventpulse

#pragma once
// A rule as it is stored: immutable versions of a document.

#include "messages/position.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace eventpulse {

enum class rule_mode : uint8_t { live, shadow, off };

/// One published version. `document` is the JSON form of what the author
/// wrote, as given to core/engine's compiler.
struct rule_version {
  std::string id;
  int64_t version = 0; // 1, 2, … per rule
  std::string document;
  bool deleted = false; // a tombstone: the rule is gone from here on
  int64_t published_at_ms = 0;
  std::string published_by;
  /// Its place in the total order; absent until its control entry persisted.
  std::optional<order_key> key;
};

enum class rule_state : uint8_t {
  pending,     // published, its control entry has not come through yet
  catching_up, // its evaluator reads history
  active,      // live for every event
  degraded,    // parked after failures; its cursor is held
  off,         // mode off, or deleted
};

/// What the rule's page shows of its evaluator.
struct rule_status {
  std::string rule;
  int64_t version = 0;
  rule_state state = rule_state::pending;
  std::string owner; // the worker
  std::string last_error;
  uint64_t groups = 0;
  uint64_t matches = 0; // since activation in this process
  uint64_t errors = 0;
};

} // namespace eventpulse

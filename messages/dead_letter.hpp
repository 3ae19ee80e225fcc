#pragma once
// Something that could not go on, kept with its reason and its bytes.

#include "messages/position.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace eventpulse {

struct dead_letter {
  std::string id; // UUIDv7
  /// "request" (answered 400/422), "entry" (cannot be decoded), "row" (refused
  /// by PostgreSQL), "position_conflict", "trimmed" (gone from Redis while
  /// pending), "evaluation" (breaks one rule's evaluator).
  std::string kind;
  std::string reason;
  std::string original;     // bytes, bounded by intake.max_event_bytes
  std::string headers_json; // JSON object: content type, key name, rule …
  std::optional<position> where;
  int64_t created_at_ms = 0;
};

} // namespace eventpulse

#pragma once
// Event types that have a JSON Schema for their data.

#include <cstdint>
#include <map>
#include <string>

namespace eventpulse {

/// One version. A tombstone (`deleted`) has no schema: from it on the type is
/// free again.
struct event_type_schema {
  std::string type;
  int64_t version = 0;
  std::string schema; // JSON, as it was put
  bool deleted = false;
  int64_t published_at_ms = 0;
  std::string published_by; // a key's name

  friend bool operator==(const event_type_schema&,
                         const event_type_schema&) = default;
};

/// The newest version of every type that is not deleted, as of one generation.
struct event_type_set {
  int64_t version = 0;
  std::map<std::string, event_type_schema> by_type;
};

} // namespace eventpulse

#pragma once
// Reading back who changed what. Writing is no call of its own: the store that
// makes a change keeps its audit_entry in the same transaction.

#include "messages/audit.hpp"
#include "messages/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

struct audit_query {
  std::optional<std::string> key; // a key's id or name
  std::optional<std::string>
      action; // "rule.published"; "rule": every one of it
  std::optional<std::string> target;     // "rule/r1"; "rule": every one of it
  std::optional<int64_t> from_ms, to_ms; // [from, to)
  std::optional<int64_t> before;         // ids below this one
  size_t limit = 100;
};

class audit_store {
public:
  virtual ~audit_store() = default;
  /// Newest first.
  virtual result<std::vector<audit_record>> query(const audit_query& q) = 0;
};

} // namespace eventpulse

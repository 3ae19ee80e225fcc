#pragma once
// How the whole installation stands, for people: what every process says of
// itself, and what the store knows of leases, cursors and what waits. For
// GET /v1/system and the metrics; nothing decides anything by it.

#include "messages/position.hpp"
#include "messages/result.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

/// Where every process puts its own report, and finds those of the others.
/// Reports vanish by themselves when their process does.
class process_board {
public:
  virtual ~process_board() = default;

  /// Replaces what stood under `name`; gone after `ttl`.
  virtual result<void> publish(const std::string& name,
                               const std::string& report,
                               std::chrono::milliseconds ttl) = 0;
  /// Takes it away at once.
  virtual result<void> withdraw(const std::string& name) = 0;
  /// The reports that are not over, by name.
  virtual result<std::map<std::string, std::string>> list() = 0;
};

struct lease_fact {
  std::string name;
  int64_t epoch = 0;
  std::string owner; // present or last
  bool held = false; // not expired
  int64_t expires_at_ms = 0;
};

struct partition_fact {
  uint32_t number = 0;
  position persisted; // the tail
  int64_t clock_ms = 0;
};

/// A count that is not worth taking to its end.
struct bounded_count {
  uint64_t count = 0; // at most system_counted_max
  /// When the oldest of them became what it is; absent where there is none.
  std::optional<int64_t> oldest_ms;
};
inline constexpr uint64_t system_counted_max = 10'000;

struct system_facts {
  int64_t now_ms = 0; // the store's clock
  std::string server_version;
  int64_t schema_version = 0;
  std::vector<lease_fact> leases;         // by name
  std::vector<partition_fact> partitions; // by number
  cursor evaluated;                       // by every level rule
  bounded_count unevaluated;              // events after it
  std::map<std::string, uint64_t> rules;  // by state
  bounded_count deliveries_due;           // to be sent now
  uint64_t deliveries_later = 0;          // waiting for their next attempt
};

class system_store {
public:
  virtual ~system_store() = default;
  virtual result<system_facts> look() = 0;
  /// Only the deliveries that are due.
  virtual result<bounded_count> look_at_deliveries() = 0;
};

} // namespace eventpulse

#pragma once
// Removing what has been kept for long enough. Not thread-safe: each actor owns
// its own. Every removal is fenced by the lease of evaluation, since evaluation
// is what may still need it.

#include "messages/lease.hpp"
#include "messages/result.hpp"
#include "runtime/core/operate/retention.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

/// What goes row by row; events go by whole days.
enum class kept_rows : uint8_t {
  alerts,       // resolved ones, by when they were; nothing still to be sent
  deliveries,   // with their attempts; neither pending nor of an open alert
  attempts,     // of deliveries that are not pending
  audit,        // who changed what
  dead_letters, // by when they were kept
};

struct day_sweep {
  std::optional<int64_t> dropped; // UTC days since 1970-01-01
  uint64_t rows = 0;              // in it, about
  std::optional<int64_t> held;    // due, but evaluation has not read it all
  /// Rules that were behind and miss events of the dropped day. Each is
  /// recorded as a dead letter of kind "overtaken" in the same transaction.
  std::vector<std::string> overtaken;
};

class retention_store {
public:
  virtual ~retention_store() = default;

  virtual result<evaluation_reach> reach() = 0;

  /// Drops the oldest day of events if it ended at or before `before_ms` and
  /// every event in it was received before `reached_ms` and is behind the
  /// global cursor. errc::timed_out: readers are in the way, try later.
  virtual result<day_sweep> drop_day(const lease_token& lease,
                                     int64_t before_ms, int64_t reached_ms) = 0;

  /// Removes at most `limit` rows that are older than `before_ms`, oldest
  /// first; says how many went.
  virtual result<size_t> remove_rows(const lease_token& lease, kept_rows what,
                                     int64_t before_ms, size_t limit) = 0;
};

} // namespace eventpulse

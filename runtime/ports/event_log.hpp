#pragma once
// The stream, in our words: appending (intake), reading as a partition's owner
// (partition_reader), waiting for something to read. Implemented on Redis
// Streams and in memory. No object here is thread-safe: each actor owns its own
// and with it its own connection; a failed one reconnects by itself, with
// back-off, on the next call.
//
// Source of the mechanism: the durability contract, "Reading" and "The tail".

#include "messages/position.hpp"
#include "messages/result.hpp"
#include "messages/stream_entry.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace eventpulse {

struct append_entry {
  uint32_t partition = 0;
  stream_fields fields;
  /// What makes two entries the same (core/intake/recent_ids.hpp); empty: it
  /// is never a duplicate. Not part of what is stored.
  std::string identity = {};
};

/// The adding side. One call is one MULTI/EXEC a Redis node: all its entries or
/// none, one fsync.
class log_appender {
public:
  virtual ~log_appender() = default;

  /// Positions in the order of `entries`. Errors: unavailable (away, loading,
  /// read-only, out of memory, stream missing), overloaded (the stream is at
  /// its bound), and outcome_unknown (sent, answer lost: they may be there).
  /// Nothing was added unless it is ok or outcome_unknown.
  virtual result<std::vector<position>>
  append(std::span<const append_entry> entries) = 0;

  /// Adds to the capped stream of refused input. Best effort: the oldest go
  /// beyond the cap.
  virtual result<void> quarantine(const stream_fields& fields) = 0;

  /// Whether append would be taken now; the reason if not.
  virtual result<void> probe() = 0;
};

/// What one read found.
struct log_read {
  /// Ascending positions: what other consumers held (claimed first), then new.
  std::vector<raw_entry> entries;
  /// Pending ids whose entry is gone from Redis; already taken off the pending
  /// list is not required, acknowledge() takes them too.
  std::vector<position> lost;
  /// How many of `entries` another consumer held, who did not finish them.
  size_t reclaimed = 0;
  /// The read was empty and no other consumer holds anything.
  bool drained = false;
  int64_t time_ms = 0; // Redis TIME of the same MULTI
};

/// What open() found and mended.
struct log_opening {
  bool created = false; // the stream or its group was missing
  bool reread = false;  // the group was set back to the tail
  /// Redis ended before the tail, as one that came back empty or old does: it
  /// lost entries, and whether unread ones among them cannot be known. Reported
  /// loudly; its ids continue after the tail.
  bool behind = false;
  /// Entries in (tail, gap_until] were trimmed although no table has them, as
  /// when PostgreSQL came back older. Reported loudly.
  std::optional<position> gap_until;
};

struct log_numbers {
  uint64_t entries = 0; // XLEN
  uint64_t lag = 0;     // not yet delivered
  uint64_t pending = 0; // delivered, not acknowledged
  /// How old the oldest is that is not acknowledged, by the log's own clock;
  /// zero where there is none.
  std::chrono::milliseconds oldest_age{0};
};

/// The owner's side of one partition.
class partition_log {
public:
  virtual ~partition_log() = default;

  /// Makes stream and group where missing (ids continue after `tail`), sets a
  /// group that is ahead of the tail back where entries are still there, and
  /// next reads first give everything that is pending for anybody. Called
  /// before the first read and again after every failure.
  virtual result<log_opening> open(const position& tail) = 0;

  /// Never blocks for new entries.
  virtual result<log_read> read(size_t count_max) = 0;

  virtual result<void> acknowledge(std::span<const position> handled) = 0;

  /// Trims below everything acknowledged (minus what is to be kept), deletes
  /// idle consumers of earlier epochs, and publishes the numbers for intake's
  /// bound.
  virtual result<log_numbers> housekeeping() = 0;
};

/// Waits for something after a position, on a connection of its own, without
/// taking it.
class log_waiter {
public:
  virtual ~log_waiter() = default;

  /// True: there is something after `after`. False: the time ran out.
  virtual result<bool> wait(uint32_t partition, const position& after,
                            std::chrono::milliseconds timeout) = 0;
};

/// Hints between processes (Redis Pub/Sub): may be lost, never carry truth.
class hint_bus {
public:
  virtual ~hint_bus() = default;
  virtual result<void> publish(const std::string& topic) = 0;
  /// True: a hint on `topic` came. False: the time ran out.
  virtual result<bool> wait(const std::string& topic,
                            std::chrono::milliseconds timeout) = 0;
};

} // namespace eventpulse

#pragma once
// Where events are kept for good (PostgreSQL, or memory). Not thread-safe: each
// actor owns its own. Every write is fenced: it begins by checking its lease
// and changes nothing (errc::fenced) when the epoch is not the present one.

#include "messages/batch.hpp"
#include "messages/dead_letter.hpp"
#include "messages/lease.hpp"
#include "messages/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

/// A decoded entry on its way into the table.
struct incoming_event {
  position where;
  event_document document;
  std::string accepted_by;
  int64_t accepted_at_ms = 0; // intake's clock
};

struct incoming_control {
  position where;
  std::string row_id;
};

struct persist_request {
  lease_token lease;
  uint32_t partition = 0;
  std::vector<incoming_event> events;     // ascending positions
  std::vector<incoming_control> controls; // ascending positions
  std::vector<dead_letter> dead;          // entries that cannot be decoded
  /// The last position handled, whatever became of its entry; absent when
  /// there is none (only the clock moves).
  std::optional<position> last;
  /// Redis TIME of an empty read of a drained partition.
  std::optional<int64_t> time_ms;
  int64_t dedup_window_ms = 86'400'000;
};

struct persist_outcome {
  persisted_batch_ptr batch; // in order, without content duplicates
  size_t inserted = 0;
  size_t duplicates = 0; // content duplicates
  size_t conflicts = 0;  // same position, other event: dead-lettered
};

struct partition_state {
  position persisted; // the tail
  int64_t clock_ms = 0;
};

/// A page of the total order, read back.
struct history_page {
  persisted_batch_ptr batch; // partition is 0 and means nothing here
  bool more = false;         // there was more when it was read
};

struct event_query {
  std::optional<std::string> type, source, subject, id;
  std::optional<int64_t> from_ms, to_ms; // received_at, [from, to)
  std::optional<order_key> before;       // newest first, from here on
  size_t limit = 100;
};

struct stored_event {
  event what;
  int64_t persisted_at_ms = 0;
  int64_t accepted_at_ms = 0; // intake's clock
};

class event_store {
public:
  virtual ~event_store() = default;

  /// The partition's row, made when missing.
  virtual result<partition_state> load_partition(uint32_t partition) = 0;

  /// One fenced transaction: rule times fixed, duplicates found, rows inserted,
  /// controls given their place, dead letters kept, tail and clock moved.
  /// errc::rejected: PostgreSQL refuses a value (SQLSTATE class 22 or 23) and
  /// nothing was written. Idempotent: the same entries again change nothing and
  /// give the same batch with the stored rule times.
  virtual result<persist_outcome> persist(const persist_request& request) = 0;

  /// Events and controls with key in (after, until], ascending, at most
  /// `limit` together.
  virtual result<history_page> read_back(const order_key& after,
                                         std::optional<order_key> until,
                                         size_t limit) = 0;

  /// Newest first.
  virtual result<std::vector<stored_event>> query(const event_query& q) = 0;

  /// Makes day partitions from `now` to `days` ahead. Not fenced: idempotent.
  virtual result<void> prepare_days(int64_t now_ms, int days) = 0;

  virtual result<void>
  keep_dead_letters(const std::vector<dead_letter>& all) = 0;
};

} // namespace eventpulse

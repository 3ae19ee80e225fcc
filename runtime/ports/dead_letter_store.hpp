#pragma once
// Dead letters as people handle them, and the stream they come from. Whoever
// finds one inside a transaction of his own keeps it there (event_store,
// outcome_store).

#include "messages/audit.hpp"
#include "messages/kept_letter.hpp"
#include "messages/result.hpp"
#include "messages/stream_entry.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse {

struct dead_letter_query {
  std::optional<std::string> id, kind, event_type, key_name;
  std::optional<letter_state> state;
  std::optional<int64_t> from_ms, to_ms; // created_at, [from, to)
  bool oldest_first = false;
  /// (created_at_ms, id) of the last one seen.
  std::optional<std::pair<int64_t, std::string>> beyond;
  bool with_original = false; // otherwise it is left empty
  size_t limit = 100;
};

class dead_letter_store {
public:
  virtual ~dead_letter_store() = default;

  /// As pending. Idempotent: a letter whose id was ever kept changes nothing.
  /// All or none.
  virtual result<void> keep(const std::vector<kept_letter>& all) = 0;

  virtual result<std::vector<kept_letter>>
  query(const dead_letter_query& q) = 0;

  /// Once and for all, with its audit entry; a discarded one loses its bytes.
  /// not_found; conflict: it is settled already.
  virtual result<void> settle(const std::string& id, letter_state state,
                              int64_t now_ms, const caller& by) = 0;

  /// An attempt to replay it that failed. Of a settled one nothing changes.
  virtual result<void> note_failure(const std::string& id,
                                    const std::string& error) = 0;
};

/// Refused input on its way from intake to the table.
struct quarantined_entry {
  std::string id; // "<ms>-<seq>"
  stream_fields fields;
};

/// The reading side of log_appender::quarantine.
class quarantine_log {
public:
  virtual ~quarantine_log() = default;

  /// The oldest, at most `limit`; they stay.
  virtual result<std::vector<quarantined_entry>> read(size_t limit) = 0;

  virtual result<void> remove(std::span<const std::string> ids) = 0;
};

} // namespace eventpulse

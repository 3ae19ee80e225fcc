#pragma once
// What an erasure names, and where bytes that nobody can parse mention it.
// Pure; used by `eventpulse erase` and its adapters.

#include "messages/event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse {

/// Events whose attributes are all equal to those given; at least one is.
struct erase_selector {
  std::optional<std::string> subject;
  std::optional<std::string> source;
  std::optional<std::string> id;

  std::vector<std::string> values() const;
};

/// What was found, or what is gone.
struct erase_report {
  uint64_t events = 0;
  uint64_t alerts = 0;       // copies in resolved alerts
  uint64_t alerts_open = 0;  // left: what is open is evaluation's state
  uint64_t deliveries = 0;   // their bodies
  uint64_t unsent = 0;       // of these, given up instead of sent
  uint64_t dead_letters = 0; // whole
  uint64_t stream_entries = 0;
  uint64_t stream_left = 0; // not persisted yet, or the stream's last
  uint64_t quarantined = 0; // refused requests that wait in Redis
  uint64_t rule_groups = 0; // left: state of rules that is keyed by it

  bool is_complete() const {
    return alerts_open == 0 && stream_left == 0 && rule_groups == 0;
  }
};

bool selects(const erase_selector& what, const event_document& document);

/// How `value` may stand in a request or an entry: as it is, inside a JSON
/// string, and percent-encoded as in a `ce-…` header. Without repetitions.
std::vector<std::string> spellings(const std::string& value);

/// Whether every value is in `bytes`, in one of its spellings and not as a part
/// of a longer word: "user-1" is not in "user-17". Rather finds too much than
/// too little.
bool mentions(const erase_selector& what, std::string_view bytes);

/// For records of the erasure, which must not name what was erased:
/// "subject sha256:…, source sha256:…".
std::string pseudonym(const erase_selector& what);

} // namespace eventpulse

#pragma once
// What retention decides: from when on things are too old, how far back
// evaluation may still have to read, and what is said of a rule that was
// overtaken. Pure; used by the retention actor and the stores.

#include "messages/dead_letter.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse {

/// Of one transaction; more go in the next.
inline constexpr size_t removed_rows_max = 1000;

/// How far evaluation has read, in rule time (Unix milliseconds).
struct evaluation_reach {
  int64_t level_ms = 0; // every rule that is not behind
  /// Rules that catch up or are parked, each with its own cursor.
  std::vector<std::pair<std::string, int64_t>> behind;
};

/// How long things are kept.
struct retention_periods {
  using ms = std::chrono::milliseconds;
  ms events{0};
  ms alerts{0};
  ms deliveries{0};
  ms attempts{0};
  ms audit{0};
  ms dead_letters{0};
  /// How much longer events are kept for rules that are behind.
  ms behind{0};
};

/// Events received before this may go: all rules have read them, but for those
/// that are so far behind that they are overtaken.
int64_t needless_before(const evaluation_reach& reach, int64_t now_ms,
                        const retention_periods& keep);

/// The dead letter about events of one day that a rule has missed. Made twice
/// it has the same id.
dead_letter overtaken_letter(const std::string& rule, int64_t at_ms,
                             int64_t day, int64_t last_ms, int64_t now_ms);

/// "2026-01-02" of days since 1970-01-01.
std::string day_name(int64_t day);

} // namespace eventpulse

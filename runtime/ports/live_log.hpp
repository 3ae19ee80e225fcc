#pragma once
// The two logs that the live feed reads. Nothing here waits: whoever follows a
// log asks again.
//
// A place in either log is exact. Changes are numbered while their transaction
// commits, one commit at a time, so that a reader who has seen a number has
// seen, or will never see, every smaller one. Events are given out in the total
// order, and only where no event can come before them any more.

#include "messages/live.hpp"
#include "messages/result.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace eventpulse {

struct live_change_page {
  std::vector<live_change> changes; // ascending numbers
  bool more = false;
};

struct live_event_page {
  std::vector<live_event> events; // ascending keys
  bool more = false;              // there is more that may be given out
};

struct live_bounds {
  live_cursor now; // everything that comes after this call lies after it
  /// Changes up to this number are not kept any more.
  int64_t changes_trimmed = 0;
  /// Events received before this may have been dropped; 0: none has been.
  int64_t events_since_ms = 0;
};

class live_log {
public:
  virtual ~live_log() = default;

  virtual result<live_bounds> bounds() = 0;

  virtual result<live_change_page> changes(int64_t after, size_t limit) = 0;

  /// At most `limit`, and no more once their payloads pass `bytes_max`.
  virtual result<live_event_page> events(const order_key& after, size_t limit,
                                         size_t bytes_max) = 0;

  /// Drops at most `limit` of the oldest changes: those older than `keep`, and
  /// those beyond the newest `rows_max`. Gives how many were dropped.
  virtual result<size_t> trim(std::chrono::milliseconds keep, int64_t rows_max,
                              size_t limit) = 0;
};

} // namespace eventpulse

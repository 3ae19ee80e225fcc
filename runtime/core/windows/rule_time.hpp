#pragma once
// Arithmetic on rule time (Unix milliseconds). Times come from outside and from
// snapshots, so nothing here overflows: what is too far away is the end of
// time.

#include <cstdint>
#include <limits>

namespace eventpulse {

inline int64_t time_add(int64_t at_ms, int64_t duration_ms) {
  int64_t out = 0;
  if (__builtin_add_overflow(at_ms, duration_ms, &out))
    return duration_ms < 0 ? std::numeric_limits<int64_t>::min()
                           : std::numeric_limits<int64_t>::max();
  return out;
}

/// floor(time / length), for times before 1970 too.
inline int64_t pane_of(int64_t at_ms, int64_t length_ms) {
  const auto q = at_ms / length_ms;
  return at_ms % length_ms < 0 ? q - 1 : q;
}

/// When that pane begins.
inline int64_t pane_begin(int64_t pane, int64_t length_ms) {
  int64_t out = 0;
  if (__builtin_mul_overflow(pane, length_ms, &out))
    return pane < 0 ? std::numeric_limits<int64_t>::min()
                    : std::numeric_limits<int64_t>::max();
  return out;
}

} // namespace eventpulse

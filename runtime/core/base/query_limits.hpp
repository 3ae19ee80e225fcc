#pragma once
// Bounds of queries and of what the control routes do on a caller's behalf.

#include "runtime/core/base/limits.hpp"

namespace eventpulse::limits {

inline constexpr uint64_t query_steps_max = 20'000'000; // of one query
inline constexpr size_t query_events_max = 20'000; // looked at by one query
inline constexpr size_t apply_rules_max = 500;     // changed by one apply
inline constexpr size_t comment_bytes_max = 4096;
inline constexpr size_t story_rules_max = 2000; // evaluated on one event again
inline constexpr size_t rule_test_bytes_max = 64 << 20; // of one test's events

} // namespace eventpulse::limits

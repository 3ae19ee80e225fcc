#pragma once
// The bounds of the live feed that are no settings.

#include <cstddef>

namespace eventpulse::limits {

inline constexpr size_t live_page_events = 200;
inline constexpr size_t live_page_changes = 500;
inline constexpr size_t live_page_bytes = 1 << 20;   // of payloads
inline constexpr size_t live_recent_bytes = 8 << 20; // kept for all who follow
inline constexpr size_t live_pages_a_turn = 8;       // read before serving
inline constexpr size_t live_trim_rows = 10'000;     // in one statement

} // namespace eventpulse::limits

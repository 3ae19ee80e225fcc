#pragma once
// What the live feed carries: events in their total order, and changes of
// alerts, deliveries, rules and the system in the order of their commits. A
// cursor names a place in both, so whoever resumes misses nothing and sees
// nothing twice.

#include "messages/alert.hpp"
#include "messages/event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eventpulse {

enum class live_topic : uint8_t { events, alerts, deliveries, rules, system };

inline constexpr live_topic live_topics[] = {
    live_topic::events, live_topic::alerts, live_topic::deliveries,
    live_topic::rules, live_topic::system};

std::string_view to_string(live_topic t) noexcept;
std::optional<live_topic> parse_live_topic(std::string_view name) noexcept;

/// Up to where somebody has seen both logs.
struct live_cursor {
  order_key event;
  int64_t change = 0;

  friend bool operator==(const live_cursor&, const live_cursor&) = default;
};

/// "17_1767225600000_0-1767225600000-3": opaque to clients, no character of it
/// needs escaping in a URL.
std::string to_string(const live_cursor& c);
std::optional<live_cursor> parse_live_cursor(std::string_view text);

/// A kept event.
struct live_event {
  event what;
  int64_t persisted_at_ms = 0; // the database's clock
};

/// A committed change.
struct live_change {
  int64_t number = 0; // grows in the order of commits
  int64_t at_ms = 0;  // the database's clock, just before its COMMIT
  live_topic topic = live_topic::system;
  std::string type;  // "alert.opened"
  std::string about; // the rule; of deliveries the channel
  std::string body;  // JSON object; empty for alerts
  /// Of the topic alerts: as it was after the change.
  std::optional<alert> after;
};

} // namespace eventpulse

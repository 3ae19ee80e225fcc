#pragma once
// What the live feed sends, as JSON text: `{"topic", "type", "at", "data",
// "cursor"}`. The part before the cursor is the same for all who get it. Pure.

#include "messages/live.hpp"
#include "messages/web_socket.hpp"

#include <string>

namespace eventpulse {

/// Without the cursor and the closing brace.
std::string live_text(const live_event& e);
std::string live_text(const live_change& c);

/// A message of the feed's own, such as "live.ready". `data` is JSON or empty.
std::string live_text(const std::string& type, int64_t at_ms,
                      const std::string& data = {});

/// The rest.
std::string live_tail(const live_cursor& after);

} // namespace eventpulse

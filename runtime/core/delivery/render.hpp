#pragma once
// What is sent about an alert, and how the API shows one. Pure. A message is
// rendered once, when its delivery commits, so every attempt sends and signs
// the same bytes.

#include "messages/alert.hpp"
#include "messages/delivery.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace eventpulse {

/// The alert as JSON text, in the API's shape.
std::string alert_json(const alert& a);

/// One delivery a channel for an alert that opened or resolved; none for an
/// update and for a shadow alert. The id is UUIDv5 of (alert, channel, type),
/// so that the same outcome twice is the same message. The body is a Standard
/// Webhooks 1.0 payload: `{"type", "timestamp", "data": alert}`; its timestamp
/// is the change's rule time.
std::vector<delivery> deliveries_of(const alert_change& change, int64_t now_ms);

} // namespace eventpulse

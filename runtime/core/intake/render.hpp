#pragma once
// An event as CloudEvents JSON (formats/json-format.md). Used wherever the API,
// the live feed or a delivery shows an event. A JSON payload is put in byte for
// byte as `data`; anything else is `data_base64`.

#include "messages/event.hpp"

#include <cstdint>
#include <string>

namespace eventpulse::intake {

/// As the client could have sent it, structured.
std::string to_cloudevents_json(const event_document& document);

/// With EventPulse's own members `position`, `received_at` and `persisted_at`.
/// Their underscores keep them apart from every attribute.
std::string to_cloudevents_json(const event& persisted,
                                int64_t persisted_at_ms);

} // namespace eventpulse::intake

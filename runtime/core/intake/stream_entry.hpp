#pragma once
// What goes into the Redis stream and how it is read back. Intake encodes, the
// persister decodes. Fields: k = "e", h = a JSON object of the attributes and
// of what intake added, d = the payload's bytes, absent where there is none; or
// k = "c", row = the UUID of a control input's row.
// Extensions keep their types. Decoding trusts nothing: what is not what
// encoding gives is refused as corrupt, so it can be set aside with its bytes.
// Members of h that a later version adds are ignored; `v` above 1 is refused.

#include "messages/event.hpp"
#include "messages/result.hpp"
#include "messages/stream_entry.hpp"

#include <cstdint>
#include <string>
#include <variant>

namespace eventpulse::intake {

/// An event, the API key's name, and when intake accepted it.
struct accepted_event {
  event_document document;
  std::string accepted_by;
  int64_t accepted_at_ms = 0;

  friend bool operator==(const accepted_event&,
                         const accepted_event&) = default;
};

/// The mark that gives a control input its place in the order.
struct control_mark {
  std::string row; // UUID in lower case

  friend bool operator==(const control_mark&, const control_mark&) = default;
};

using stream_content = std::variant<accepted_event, control_mark>;

stream_fields encode(const accepted_event& event);
stream_fields encode(const control_mark& mark);

result<stream_content> decode(const stream_fields& fields);

} // namespace eventpulse::intake

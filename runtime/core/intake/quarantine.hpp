#pragma once
// Refused input on its way from intake through the capped stream to the table
// of dead letters, and back: from a dead letter to the events that it can give
// after all. Pure; the moving is actors/quarantine_mover's, the replaying
// actors/control_replay's.

#include "messages/http.hpp"
#include "messages/kept_letter.hpp"
#include "messages/result.hpp"
#include "messages/stream_entry.hpp"
#include "runtime/core/intake/cloud_event.hpp"
#include "runtime/core/intake/request_parser.hpp"
#include "runtime/core/intake/stream_entry.hpp"

#include <string>
#include <variant>
#include <vector>

namespace eventpulse::intake {

struct refused_input {
  problem why;
  std::string raw;      // as intake_item::raw
  size_t raw_bytes = 0; // as intake_item::raw_bytes
  refused_event known;
  /// Those with which `raw` could be sent by itself.
  http_headers headers;
  std::string key_id = {};
  std::string key_name = {};
  int64_t at_ms = 0;
};

/// The headers of a request that its meaning depends on. `coded` where the
/// body is kept as it was compressed.
http_headers kept_headers(const http_headers& all, bool coded);

/// Those of an element or a line that is kept alone.
http_headers item_headers();

stream_fields encode(const refused_input& refused);

/// The same entry is always the same letter. Never fails: what the fields do
/// not say stays empty.
kept_letter to_letter(const std::string& entry_id, const stream_fields& fields);

/// The events of a letter: parsed and checked as a fresh request is, with the
/// source and time that it would have had then, and under the same ids each
/// time. A problem where it is still refused; conflict where there is nothing
/// in it that could be replayed.
std::variant<std::vector<accepted_event>, problem>
replay(const kept_letter& letter, const data_check& check,
       const intake_options& options);

} // namespace eventpulse::intake

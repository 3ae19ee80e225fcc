#pragma once
// A whole request to its events. Used by the intake actor; pure.
// One event, plain or structured or binary, is one item. An array of plain
// events gives an item an element, good or bad, in order. A CloudEvents batch
// is taken whole or not at all, since a receiver that answers 2xx says that the
// batch was valid. NDJSON that came whole gives an item a line.
// Refuses the request as such for its size, type, coding or broken JSON.

#include "messages/http.hpp"
#include "messages/problem.hpp"
#include "runtime/core/intake/cloud_event.hpp"
#include "runtime/core/intake/content_mode.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::intake {

struct intake_item {
  /// The element's index; in NDJSON the line, from 1, blank ones counted.
  uint64_t index = 0;
  event_or_problem outcome;
  /// The refused text for quarantine, at most max_event_bytes of it; empty for
  /// an accepted item and for one that is too large.
  std::string raw;
  size_t raw_bytes = 0;     // before it was cut to max_event_bytes
  refused_event known = {}; // where only the data was refused
};

struct parsed_request {
  content_mode mode = content_mode::plain;
  bool is_many = false; // an array, a batch or NDJSON: answered with results
  std::vector<intake_item> items; // empty where there is a refusal
  std::optional<problem> refusal; // the whole request is answered with it
  std::string raw;                // of the refusal, as intake_item::raw
  size_t raw_bytes = 0;
  bool raw_is_gzip = false; // it could not be inflated
  refused_event known = {}; // of the refusal, as intake_item::known
};

/// `body` as received, still gzip where Content-Encoding says so.
parsed_request parse_request(const http_headers& headers, std::string_view body,
                             const event_defaults& defaults,
                             const intake_options& options);

/// The problem of an event of more than max_event_bytes.
problem event_too_large(const intake_options& options);

/// What quarantine keeps of `text`: nothing where it was too large.
std::string quarantined(errc code, std::string_view text,
                        const intake_options& options);

/// The check of the data, and where something is wrong what quarantine keeps.
void finish_item(intake_item& item, std::string_view data_pointer,
                 std::string_view text, const event_defaults& defaults,
                 const intake_options& options);

} // namespace eventpulse::intake

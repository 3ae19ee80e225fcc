#pragma once
// One event from what a client sent: plain JSON, CloudEvents 1.0 structured, or
// CloudEvents 1.0 over HTTP in binary mode (github.com/cloudevents/spec:
// spec.md, formats/json-format.md, bindings/http-protocol-binding.md).
// Promises: attributes obey CloudEvents' types and names, the payload is the
// exact bytes received, every fault is told with its place (bounded).
// Plain JSON differs in one thing: specversion, id, source and time may be
// left out. In neither may anything but data hold an object or an array.

#include "messages/event.hpp"
#include "messages/http.hpp"
#include "messages/problem.hpp"
#include "runtime/core/intake/json_scan.hpp"
#include "runtime/core/intake/trace_context.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace eventpulse::intake {

using event_or_problem = std::variant<event_document, problem>;

/// What is wrong with a good event's data; the pointer is where they stand in
/// the client's text.
using data_check = std::function<std::optional<problem>(
    const event_document&, std::string_view data_pointer)>;

/// What an event that does not say it itself gets, and what its data must be.
struct event_defaults {
  std::string source; // the API key's name
  int64_t now_ms = 0; // for `time`
  /// Never empty; called for a good event without id only, with all that the
  /// event says.
  std::function<std::string(const event_document&)> make_id;
  trace_context trace;   // of the HTTP request
  data_check check = {}; // empty: all data are good
};

/// The settings intake.* that bound a request.
struct intake_options {
  size_t max_event_bytes = 256 << 10;
  size_t max_body_bytes = 8 << 20;
  size_t max_depth = 64;
};

enum class json_form : uint8_t { plain, structured };

/// `value` must have been read with max_depth. `pointer` is where it stands in
/// the client's text ("" or "/3").
event_or_problem parse_json_event(const json_value& value, json_form form,
                                  std::string_view pointer,
                                  const event_defaults& defaults);

/// The headers are the attributes, Content-Type is datacontenttype, the body
/// is the payload, no bytes are no payload. A body that is said to be JSON in
/// UTF-8 must be; anything else is opaque.
event_or_problem parse_binary_event(const http_headers& headers,
                                    std::string_view body,
                                    const event_defaults& defaults,
                                    size_t max_depth);

/// What was refused for its data only, as far as it is known.
struct refused_event {
  std::string type;
  std::string id; // its own, or the one it was given
};

/// Lets the defaults' check look at a good event. Where it finds a fault, that
/// becomes the outcome.
std::optional<refused_event> check_data(event_or_problem& outcome,
                                        std::string_view data_pointer,
                                        const event_defaults& defaults);

/// A fault of the text, as a problem.
problem to_problem(const json_error& error);

} // namespace eventpulse::intake

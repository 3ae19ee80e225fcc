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
#include <string>
#include <string_view>
#include <variant>

namespace eventpulse::intake {

using event_or_problem = std::variant<event_document, problem>;

/// What an event that does not say it itself gets.
struct event_defaults {
  std::string source;                   // the API key's name
  int64_t now_ms = 0;                   // for `time`
  std::function<std::string()> make_id; // never empty; called
                                        // for a good event without id only
  trace_context trace;                  // of the HTTP request
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

/// A fault of the text, as a problem.
problem to_problem(const json_error& error);

} // namespace eventpulse::intake

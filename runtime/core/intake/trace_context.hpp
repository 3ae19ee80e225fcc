#pragma once
// W3C Trace Context, level 2: traceparent and tracestate, read, checked and
// written. Used by intake for what clients send and by whoever calls out.
// An invalid traceparent starts a new trace and drops tracestate; an invalid
// tracestate is dropped alone. Pure: random bytes come in as an argument.

#include "messages/http.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::intake {

inline constexpr uint8_t trace_flag_sampled = 0x01;
inline constexpr uint8_t trace_flag_random = 0x02; // the trace id is random

struct trace_parent {
  std::string trace_id;  // 32 lower-case hex digits, not all zero
  std::string parent_id; // 16 of them
  uint8_t flags = 0;     // the two known ones only

  friend bool operator==(const trace_parent&, const trace_parent&) = default;
};

/// nullopt where the text is invalid. A version above 00 is read as far as 00
/// goes. White space around the value is the caller's to trim.
std::optional<trace_parent> parse_traceparent(std::string_view text);

/// Always version 00.
std::string format_traceparent(const trace_parent& parent);

struct trace_member {
  std::string key;
  std::string value;

  friend bool operator==(const trace_member&, const trace_member&) = default;
};

/// The members of several tracestate headers in their order; the first of
/// equal keys stays. nullopt where one is invalid or there are more than 32.
std::optional<std::vector<trace_member>>
parse_tracestate(std::span<const std::string_view> headers);

/// At most `size_max` bytes: where there are more, whole members go, those
/// over 128 bytes first, then from the right (W3C, section 3.3.1.5).
std::string format_tracestate(std::span<const trace_member> members,
                              size_t size_max);

/// What travels: both as header values, tracestate possibly empty.
struct trace_context {
  std::string traceparent;
  std::string tracestate;

  friend bool operator==(const trace_context&, const trace_context&) = default;
};

/// The first 16 bytes are for a trace id, the last 8 for a span id.
using trace_random = std::array<uint8_t, 24>;

/// The same trace with a span id of its own, for one hop on. Made of the last
/// 8 random bytes.
trace_parent child_of(const trace_parent& parent, const trace_random& random);

/// The context in which a request with these headers is handled: a child of
/// the client's, or a new trace with `new_flags` (and the random flag).
trace_context continue_trace(const http_headers& headers,
                             const trace_random& random, uint8_t new_flags);

/// The context that an event carries in its own attributes, or nullopt where
/// `traceparent` is invalid. Not a child: the event's origin stays.
std::optional<trace_context> event_trace(std::string_view traceparent,
                                         std::string_view tracestate);

} // namespace eventpulse::intake

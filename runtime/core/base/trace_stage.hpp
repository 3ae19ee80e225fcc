#pragma once
// One trace an event: request → stream → persist → evaluate → alert → delivery
// attempt. Only the event's own `traceparent` travels; the span of each stage
// is derived from it and from what the stage is about, so that every process
// names the parent it needs without being told, and what is done again after a
// crash is the same span. Pure. Format: W3C Trace Context, version 00.
//
// Where the text that stands above is no traceparent, it comes back unchanged.

#include <cstdint>
#include <string>
#include <string_view>

namespace eventpulse::trace_stage {

/// The context of a child: the same trace and flags, a span id that follows
/// from the parent and `name`.
std::string child(std::string_view traceparent, std::string_view name);

/// An event's way into the stream; `traceparent` is the event's.
std::string stream(std::string_view traceparent, std::string_view source,
                   std::string_view id);
/// Its insert; under `stream`.
std::string persist(std::string_view stream);
/// Its evaluation by a rule; under `persist`.
std::string evaluate(std::string_view persist, std::string_view rule);
/// From the event's traceparent down to its evaluation by a rule. This is the
/// traceparent of an alert that the event opens.
std::string evaluation_of(std::string_view traceparent, std::string_view source,
                          std::string_view id, std::string_view rule);
/// An alert's commit; `traceparent` is the alert's, or its delivery's.
std::string alert(std::string_view traceparent, std::string_view alert_id);
/// A delivery attempt; under `alert`.
std::string attempt(std::string_view alert, std::string_view delivery_id,
                    uint32_t number);

/// Whether it is a traceparent whose sampled flag is set.
bool is_sampled(std::string_view traceparent) noexcept;

/// Their places in a traceparent.
inline constexpr size_t size = 55;
inline std::string_view trace_id(std::string_view traceparent) {
  return traceparent.size() < size ? std::string_view{}
                                   : traceparent.substr(3, 32);
}
inline std::string_view span_id(std::string_view traceparent) {
  return traceparent.size() < size ? std::string_view{}
                                   : traceparent.substr(36, 16);
}

} // namespace eventpulse::trace_stage

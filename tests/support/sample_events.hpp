#pragma once
// Small events and requests for tests of stores.

#include "messages/event.hpp"
#include "runtime/ports/event_store.hpp"

#include <string>
#include <utility>
#include <vector>

namespace eventpulse::test {

/// 2026-01-02T00:00:00Z: the start of a UTC day.
inline constexpr uint64_t day_start_ms = 1'767'312'000'000;

inline event_document sample_document(const std::string& id) {
  event_document d;
  d.id = id;
  d.source = "/sensors/1";
  d.type = "temperature";
  d.kind = payload_kind::json;
  d.payload = R"({"celsius": 21.50})";
  return d;
}

inline incoming_event sample_event(position where, const std::string& id) {
  return {where, sample_document(id), "a key", 17};
}

/// Moves the tail to the last of `events`.
inline persist_request sample_request(const lease_token& lease,
                                      std::vector<incoming_event> events) {
  persist_request r;
  r.lease = lease;
  r.partition = 0;
  r.events = std::move(events);
  if (!r.events.empty())
    r.last = r.events.back().where;
  return r;
}

} // namespace eventpulse::test

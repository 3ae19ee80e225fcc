#pragma once
// An alert: one opening of one (rule, group), and what became of it.

#include "messages/position.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse {

enum class severity : uint8_t { info, warning, critical };
enum class alert_state : uint8_t { firing, resolved };

struct event_ref {
  std::string source;
  std::string id;
  friend bool operator==(const event_ref&, const event_ref&) = default;
};

struct alert {
  std::string id; // UUIDv5 of (rule, group, opening point)
  std::string rule;
  int64_t rule_version = 0;
  eventpulse::severity severity = severity::warning;
  alert_state state = alert_state::firing;
  bool shadow = false;    // recorded, nobody is told
  std::string group_json; // JSON array of the group_by values
  std::string summary;
  std::string details;
  std::string values_json;  // JSON object: aggregate name -> value
  uint64_t count = 0;       // hits while open
  int64_t opened_at_ms = 0; // rule time
  int64_t last_seen_ms = 0;
  std::optional<int64_t> resolved_at_ms;
  std::string resolve_reason; // "condition", "born_resolved", "by_hand" …
  std::string resolved_by;    // the API key's name, when by hand
  std::string resolve_comment;
  /// Known to the store alone: no part of evaluation.
  std::optional<int64_t> acknowledged_at_ms;
  std::string acknowledged_by;
  std::string acknowledge_comment;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<event_ref> events; // newest last, at most alert_events_max
  bool approximate = false;
  std::string traceparent; // of the event that opened it; may be empty
  std::string tracestate;
};

/// An outcome of evaluation: the alert as it is after the change.
struct alert_change {
  enum class kind : uint8_t { opened, updated, resolved };
  kind what = kind::opened;
  alert after;
  /// Channels to tell; only for opened and resolved of live rules.
  std::vector<std::string> notify;
};

} // namespace eventpulse

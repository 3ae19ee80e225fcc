#pragma once
// What a client of the live feed asks for: topics, filters, and the cursor to
// go on from. Pure. A filter concerns the topics that have what it names and
// leaves the others alone, so one subscription may follow the orders of a shop
// and the alerts of a rule.

#include "messages/api_key.hpp"
#include "messages/live.hpp"
#include "messages/problem.hpp"
#include "runtime/core/cel/program.hpp"
#include "runtime/core/engine/evaluation_batch.hpp"
#include "runtime/core/intake/request_target.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>

namespace eventpulse {

struct live_request {
  std::set<live_topic> topics;
  std::optional<std::string> type, source, subject; // events
  std::shared_ptr<const cel::program> where;        // events; may be null
  std::optional<std::string> rule;                  // alerts, rules
  std::optional<eventpulse::severity> severity;     // alerts
  std::optional<alert_state> state;                 // alerts
  std::optional<std::string> channel;               // deliveries
  std::optional<live_cursor> after;

  bool wants_events() const { return topics.contains(live_topic::events); }
  bool wants_changes() const {
    return topics.size() > (wants_events() ? 1 : 0);
  }

  /// `view` is the event's, made when `where` asks for it.
  bool concerns(const event& e, const evaluation_batch_ptr& view) const;
  bool concerns(const live_change& c) const;
};

/// topics, type, source, subject, where, rule, severity, state, channel, after;
/// or what is wrong with one of them. Empty values count as absent. Without
/// topics it is the alerts.
std::variant<live_request, problem>
read_live_request(const intake::query_parameters& query);

/// The scope that a key needs for a topic.
scope scope_of(live_topic t) noexcept;

} // namespace eventpulse

#pragma once
// The control routes, one table: method, path, scope and what answers it.

#include "actors/control_call.hpp"

#include <string_view>
#include <vector>

namespace eventpulse {

struct control_route {
  std::string_view method;
  std::string_view path; // "/v1/rules/{id}"
  scope needed;
  result<control_outcome> (*run)(control_call&);
  std::string_view parameters = {}; // of the query, between spaces
};

const std::vector<control_route>& control_routes();

/// A parameter that is misspelt, empty or given twice must not look like a
/// filter that holds: errc::invalid.
result<void> check_parameters(const control_route& route,
                              const intake::query_parameters& query);

/// The route of a method and path; HEAD is answered by GET's. Otherwise
/// not_found, or, where the path is known under other methods, those methods in
/// `allow`.
struct route_match {
  const control_route* route = nullptr;
  std::string allow; // "GET, PUT"
};
route_match find_route(std::string_view method,
                       const std::vector<std::string>& path);

namespace routes {

// control_rules.cpp
result<control_outcome> list_rules(control_call& call);
result<control_outcome> get_rule(control_call& call);
result<control_outcome> create_rule(control_call& call);
result<control_outcome> put_rule(control_call& call);
result<control_outcome> delete_rule(control_call& call);
result<control_outcome> validate_rule(control_call& call);
result<control_outcome> test_rule(control_call& call);
// control_rule_apply.cpp
result<control_outcome> apply_rules(control_call& call);
// control_rule_history.cpp
result<control_outcome> rule_versions(control_call& call);
result<control_outcome> rule_version_of(control_call& call);
result<control_outcome> rule_diff(control_call& call);
result<control_outcome> rollback_rule(control_call& call);
result<control_outcome> pause_rule(control_call& call);
result<control_outcome> resume_rule(control_call& call);
// control_rule_state.cpp
result<control_outcome> rule_state(control_call& call);
// control_channels.cpp
result<control_outcome> list_channels(control_call& call);
result<control_outcome> get_channel(control_call& call);
result<control_outcome> put_channel(control_call& call);
result<control_outcome> delete_channel(control_call& call);
result<control_outcome> rotate_channel(control_call& call);
// control_keys.cpp
result<control_outcome> list_keys(control_call& call);
result<control_outcome> create_key(control_call& call);
result<control_outcome> revoke_key(control_call& call);
// control_events.cpp
result<control_outcome> list_events(control_call& call);
result<control_outcome> get_event(control_call& call);
result<control_outcome> get_event_of_id(control_call& call);
// control_alerts.cpp
result<control_outcome> list_alerts(control_call& call);
result<control_outcome> get_alert(control_call& call);
result<control_outcome> acknowledge_alert(control_call& call);
result<control_outcome> resolve_alert(control_call& call);
// control_reads.cpp
result<control_outcome> list_deliveries(control_call& call);
result<control_outcome> get_delivery(control_call& call);
// control_event_types.cpp
result<control_outcome> list_event_types(control_call& call);
result<control_outcome> get_event_type(control_call& call);
result<control_outcome> put_event_type(control_call& call);
result<control_outcome> delete_event_type(control_call& call);
result<control_outcome> event_type_versions(control_call& call);
// control_dead_letters.cpp
result<control_outcome> list_dead_letters(control_call& call);
result<control_outcome> get_dead_letter(control_call& call);
result<control_outcome> replay_dead_letter(control_call& call);
result<control_outcome> replay_dead_letters(control_call& call);
result<control_outcome> discard_dead_letter(control_call& call);
result<control_outcome> discard_dead_letters(control_call& call);
// control_system.cpp
result<control_outcome> get_system(control_call& call);

// control_deliveries.cpp
result<control_outcome> test_channel(control_call& call);
result<control_outcome> retry_delivery(control_call& call);
// control_audit.cpp
result<control_outcome> list_audit(control_call& call);

} // namespace routes
} // namespace eventpulse

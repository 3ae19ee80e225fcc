#include "actors/control_routes.hpp"

#include <algorithm>

namespace eventpulse {

namespace {

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    auto end = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

bool matches(std::string_view pattern, const std::vector<std::string>& path) {
  auto parts = segments(pattern);
  if (parts.size() != path.size())
    return false;
  for (size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].starts_with('{') && parts[i] != path[i])
      return false;
  return true;
}

/// Whether `name` is one of the words.
bool lists(std::string_view words, std::string_view name) {
  while (!words.empty()) {
    auto end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == name)
      return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

} // namespace

const std::vector<control_route>& control_routes() {
  using namespace routes;
  using enum scope;
  static const std::vector<control_route> all{
      {"GET", "/v1/rules", rules_read, list_rules, "limit cursor"},
      {"POST", "/v1/rules", rules_write, create_rule},
      {"POST", "/v1/rules/validate", rules_read, validate_rule},
      {"POST", "/v1/rules/test", rules_read, test_rule},
      {"POST", "/v1/rules/apply", rules_write, apply_rules},
      {"GET", "/v1/rules/{id}", rules_read, get_rule},
      {"PUT", "/v1/rules/{id}", rules_write, put_rule},
      {"DELETE", "/v1/rules/{id}", rules_write, delete_rule},
      {"GET", "/v1/rules/{id}/versions", rules_read, rule_versions,
       "limit cursor"},
      {"GET", "/v1/rules/{id}/versions/{n}", rules_read, rule_version_of},
      {"GET", "/v1/rules/{id}/diff", rules_read, rule_diff, "from to"},
      {"POST", "/v1/rules/{id}/rollback", rules_write, rollback_rule},
      {"POST", "/v1/rules/{id}/pause", rules_write, pause_rule},
      {"POST", "/v1/rules/{id}/resume", rules_write, resume_rule},
      {"GET", "/v1/rules/{id}/status", rules_read, routes::rule_state, "wait"},
      {"GET", "/v1/channels", rules_read, list_channels, "limit cursor"},
      {"GET", "/v1/channels/{id}", rules_read, get_channel},
      {"PUT", "/v1/channels/{id}", rules_write, put_channel},
      {"DELETE", "/v1/channels/{id}", rules_write, delete_channel},
      {"POST", "/v1/channels/{id}/rotate", rules_write, rotate_channel},
      {"POST", "/v1/channels/{id}/test", rules_write, test_channel},
      {"GET", "/v1/keys", admin, list_keys},
      {"POST", "/v1/keys", admin, create_key},
      {"DELETE", "/v1/keys/{id}", admin, revoke_key},
      {"GET", "/v1/audit", admin, list_audit,
       "key action target from to limit cursor"},
      {"GET", "/v1/events", events_read, list_events,
       "type source subject id where from to limit cursor"},
      {"GET", "/v1/events/{id}", events_read, get_event_of_id, "source"},
      {"GET", "/v1/events/{source}/{id}", events_read, get_event},
      {"GET", "/v1/alerts", alerts_read, list_alerts,
       "rule state severity acknowledged from to limit cursor"},
      {"GET", "/v1/alerts/{id}", alerts_read, get_alert},
      {"POST", "/v1/alerts/{id}/acknowledge", alerts_write, acknowledge_alert},
      {"POST", "/v1/alerts/{id}/resolve", alerts_write, resolve_alert},
      {"GET", "/v1/deliveries", alerts_read, list_deliveries,
       "alert channel state type from to limit cursor"},
      {"GET", "/v1/deliveries/{id}", alerts_read, get_delivery},
      {"POST", "/v1/deliveries/{id}/retry", alerts_write, retry_delivery},
      {"GET", "/v1/event-types", rules_read, list_event_types, "limit cursor"},
      {"GET", "/v1/event-types/{type}", rules_read, get_event_type},
      {"PUT", "/v1/event-types/{type}", rules_write, put_event_type},
      {"DELETE", "/v1/event-types/{type}", rules_write, delete_event_type},
      {"GET", "/v1/event-types/{type}/versions", rules_read,
       event_type_versions, "limit cursor"},
      {"GET", "/v1/dead-letters", events_read, list_dead_letters,
       "state kind type key from to limit cursor"},
      {"POST", "/v1/dead-letters/replay", admin, replay_dead_letters,
       "kind type key from to limit cursor"},
      {"POST", "/v1/dead-letters/discard", admin, discard_dead_letters,
       "kind type key from to all limit cursor"},
      {"GET", "/v1/dead-letters/{id}", events_read, get_dead_letter},
      {"DELETE", "/v1/dead-letters/{id}", admin, discard_dead_letter},
      {"POST", "/v1/dead-letters/{id}/replay", admin, replay_dead_letter},
      {"POST", "/v1/dead-letters/{id}/discard", admin, discard_dead_letter},
      {"GET", "/v1/system", admin, get_system},
  };
  return all;
}

route_match find_route(std::string_view method,
                       const std::vector<std::string>& path) {
  route_match out;
  if (method == "HEAD") // the server leaves the content out
    method = "GET";
  for (auto& route : control_routes()) {
    if (!matches(route.path, path))
      continue;
    if (route.method == method) {
      out.route = &route;
      return out;
    }
    out.allow += (out.allow.empty() ? "" : ", ") + std::string(route.method);
    if (route.method == "GET")
      out.allow += ", HEAD";
  }
  return out;
}

result<void> check_parameters(const control_route& route,
                              const intake::query_parameters& query) {
  for (size_t i = 0; i < query.size(); ++i) {
    auto& [name, value] = query[i];
    if (!lists(route.parameters, name))
      return {errc::invalid, "no such query parameter here: '" + name + "'"};
    if (value.empty())
      return {errc::invalid, "the query parameter '" + name + "' is empty"};
    for (size_t k = 0; k < i; ++k)
      if (query[k].first == name)
        return {errc::invalid,
                "the query parameter '" + name + "' is given twice"};
  }
  return {};
}

} // namespace eventpulse

#include "actors/control_routes.hpp"

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

std::string_view name_of(eventpulse::rule_state s) {
  switch (s) {
  case eventpulse::rule_state::pending:
    return "pending";
  case eventpulse::rule_state::catching_up:
    return "catching_up";
  case eventpulse::rule_state::active:
    return "active";
  case eventpulse::rule_state::degraded:
    return "degraded";
  case eventpulse::rule_state::off:
    return "off";
  }
  return "unknown";
}

/// Events persisted and not evaluated yet; counted up to a bound.
json::object lag_object(const evaluation_lag& lag) {
  json::object out{{"events", lag.events}, {"ms", lag.ms}};
  if (lag.events == lag_events_max)
    out["more"] = true;
  return out;
}

} // namespace

result<control_outcome> rule_state(control_call& call) {
  auto newest = call.stores.rules->get(call.path[2]);
  if (!newest)
    return newest.error();
  auto status = call.stores.rules->status(call.path[2]);
  if (!status)
    return status.error();
  bool current = *status && (**status).version == newest->version;
  json::object out{{"rule", newest->id},
                   {"version", newest->version},
                   {"state", current ? name_of((**status).state) : "pending"}};
  if (*status) {
    auto& s = **status;
    out["evaluated_version"] = s.version;
    out["owner"] = s.owner;
    out["groups"] = s.groups;
    out["matches"] = s.matches;
    out["errors"] = s.errors;
    if (!s.last_error.empty())
      out["last_error"] = s.last_error;
    if (s.state != eventpulse::rule_state::off) {
      auto lag = call.stores.rules->lag(newest->id);
      if (!lag)
        return lag.error();
      out["lag"] = lag_object(*lag);
    }
  }
  control_outcome outcome{json_answer(200, out)};
  auto wanted = call.parameter("wait");
  if (wanted && *wanted != "active")
    return failure{errc::invalid, "wait is for 'active' alone"};
  auto state = out["state"].as_string();
  outcome.again = wanted && (state == "pending" || state == "catching_up");
  return outcome;
}

} // namespace eventpulse::routes

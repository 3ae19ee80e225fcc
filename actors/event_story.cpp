#include "actors/event_story.hpp"

#include "actors/control_deliveries.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/delivery/render.hpp"
#include "runtime/core/engine/event_match.hpp"

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr int64_t rules_ms_max = 2'000; // a request's share of the actor
constexpr size_t trace_id_at = 3, trace_id_size = 32; // of a traceparent

/// nullptr where this build cannot run what was stored.
compiled_rule_ptr compiled(const rule_version& v) {
  auto parsed = parse_rule_json(v.document);
  if (parsed.index() != 0)
    return nullptr;
  auto made = compile_rule(std::get<0>(parsed), v.version);
  return made.index() == 0 ? std::get<0>(made) : nullptr;
}

/// Those whose `when` held, or failed; and how many were not asked.
void add_rules(const control_call& call, const event& e,
               const std::vector<rule_version>& in_force, json::object& out) {
  auto until = call.surroundings.now_ms() + rules_ms_max;
  json::array rules;
  size_t asked = 0;
  for (auto& v : in_force) {
    if (asked == limits::story_rules_max || call.surroundings.now_ms() >= until)
      break;
    ++asked;
    auto rule = compiled(v);
    if (!rule || rule->mode() == rule_mode::off)
      continue;
    auto match = match_event(*rule, e);
    if (!match.holds && match.error.empty())
      continue;
    json::object one{
        {"rule", v.id}, {"version", v.version}, {"matched", match.holds}};
    if (match.holds)
      one["group"] = parse_kept_json(match.group_json);
    else
      one["error"] = match.error;
    rules.push_back(std::move(one));
  }
  out["rules"] = std::move(rules);
  if (asked < in_force.size())
    out["rules_not_asked"] = in_force.size() - asked;
}

result<void> add_alerts(const control_call& call, const event& e,
                        json::object& out) {
  alert_query q;
  q.event = event_ref{e.document.source, e.document.id};
  auto found = call.stores.outcomes->query(q);
  if (!found)
    return found.error();
  json::array alerts, deliveries;
  for (auto& a : *found) {
    alerts.push_back(parse_kept_json(alert_json(a)));
    delivery_query told;
    told.alert = a.id;
    auto all = call.stores.deliveries->query(told);
    if (!all)
      return all.error();
    for (auto d = all->rbegin(); d != all->rend(); ++d)
      deliveries.push_back(routes::delivery_object(*d));
  }
  out["alerts"] = std::move(alerts);
  out["deliveries"] = std::move(deliveries);
  return {};
}

} // namespace

result<json::object> event_story(const control_call& call,
                                 const stored_event& e) {
  auto cursors = call.stores.outcomes->load_start();
  if (!cursors)
    return cursors.error();
  auto key = e.what.key();
  auto in_force = call.stores.rules->in_force(key);
  if (!in_force)
    return in_force.error();
  json::object out{{"accepted_at", format_rfc3339_ms(e.accepted_at_ms)},
                   {"accepted_by", e.what.accepted_by},
                   {"received_at", format_rfc3339_ms(e.what.received_at_ms)},
                   {"persisted_at", format_rfc3339_ms(e.persisted_at_ms)},
                   {"evaluated", key <= cursors->global.key}};
  auto& parent = e.what.document.traceparent;
  if (parent.size() >= trace_id_at + trace_id_size)
    out["trace_id"] = parent.substr(trace_id_at, trace_id_size);
  auto may = [&](scope wanted) {
    return call.by.allows(wanted, call.surroundings.now_ms());
  };
  if (may(scope::rules_read))
    add_rules(call, e.what, *in_force, out);
  if (may(scope::alerts_read))
    if (auto added = add_alerts(call, e.what, out); !added)
      return added.error();
  return out;
}

} // namespace eventpulse

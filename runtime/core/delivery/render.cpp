#include "runtime/core/delivery/render.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/time.hpp"

#include <boost/json.hpp>

namespace eventpulse {

namespace json = boost::json;

namespace {

std::string_view name_of(severity s) {
  switch (s) {
  case severity::info:
    return "info";
  case severity::warning:
    return "warning";
  case severity::critical:
    return "critical";
  }
  return "unknown";
}

json::value parsed_or(const std::string& text, json::value fallback) {
  boost::system::error_code wrong;
  auto value = parse_kept_json(text, wrong);
  return wrong ? std::move(fallback) : std::move(value);
}

json::object alert_object(const alert& a) {
  json::object out{
      {"id", a.id},
      {"rule", a.rule},
      {"rule_version", a.rule_version},
      {"severity", name_of(a.severity)},
      {"state", a.state == alert_state::firing ? "firing" : "resolved"},
      {"group", parsed_or(a.group_json, json::array{})},
      {"summary", a.summary},
      {"values", parsed_or(a.values_json, json::object{})},
      {"count", a.count},
      {"opened_at", format_rfc3339_ms(a.opened_at_ms)},
      {"last_seen", format_rfc3339_ms(a.last_seen_ms)}};
  if (!a.details.empty())
    out["details"] = a.details;
  if (a.resolved_at_ms)
    out["resolved_at"] = format_rfc3339_ms(*a.resolved_at_ms);
  else
    out["resolved_at"] = nullptr;
  if (!a.resolve_reason.empty())
    out["resolve_reason"] = a.resolve_reason;
  if (!a.resolved_by.empty())
    out["resolved_by"] = a.resolved_by;
  if (!a.resolve_comment.empty())
    out["resolve_comment"] = a.resolve_comment;
  if (a.acknowledged_at_ms) {
    out["acknowledged_at"] = format_rfc3339_ms(*a.acknowledged_at_ms);
    out["acknowledged_by"] = a.acknowledged_by;
    if (!a.acknowledge_comment.empty())
      out["acknowledge_comment"] = a.acknowledge_comment;
  }
  json::object labels;
  for (auto& [name, value] : a.labels)
    labels[name] = value;
  out["labels"] = std::move(labels);
  json::array events;
  for (auto& e : a.events)
    events.push_back({{"source", e.source}, {"id", e.id}});
  out["events"] = std::move(events);
  if (a.shadow)
    out["shadow"] = true;
  if (a.approximate)
    out["approximate"] = true;
  return out;
}

} // namespace

std::string alert_json(const alert& a) {
  return json_text(alert_object(a));
}

std::vector<delivery> deliveries_of(const alert_change& change,
                                    int64_t now_ms) {
  std::vector<delivery> out;
  auto& a = change.after;
  if (change.what == alert_change::kind::updated || a.shadow)
    return out;
  bool opened = change.what == alert_change::kind::opened;
  std::string type = opened ? "alert.opened" : "alert.resolved";
  auto at = opened ? a.opened_at_ms : a.resolved_at_ms.value_or(a.last_seen_ms);
  json::object body{{"type", type},
                    {"timestamp", format_rfc3339_ms(at)},
                    {"data", alert_object(a)}};
  auto text = json_text(body);
  for (auto& channel : change.notify) {
    delivery d;
    d.id = uuid_v5("delivery/" + a.id + '/' + channel + '/' + type);
    d.alert = a.id;
    d.channel = channel;
    d.type = type;
    d.body = text;
    d.created_at_ms = now_ms;
    d.traceparent = a.traceparent;
    d.tracestate = a.tracestate;
    out.push_back(std::move(d));
  }
  return out;
}

} // namespace eventpulse

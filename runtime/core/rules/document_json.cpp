// The canonical JSON of a rule document.

#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/rules/document.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace eventpulse {

namespace {

using boost::json::array;
using boost::json::object;

// Writes only what differs from the default.
class writer {
public:
  object out;

  void text(std::string_view name, std::string_view value) {
    if (!value.empty())
      out[name] = value;
  }
  void duration(std::string_view name, int64_t ms) {
    if (ms != 0)
      out[name] = format_duration_ms(ms);
  }
  void duration(std::string_view name, const std::optional<int64_t>& ms) {
    if (ms)
      out[name] = format_duration_ms(*ms);
  }
  void texts(std::string_view name, const std::vector<std::string>& all) {
    if (!all.empty())
      out[name] = array(all.begin(), all.end());
  }
  void pairs(std::string_view name,
             const std::vector<std::pair<std::string, std::string>>& all) {
    if (all.empty())
      return;
    object members;
    for (const auto& [key, value] : all)
      members[key] = value;
    out[name] = std::move(members);
  }
  /// Text that is JSON already, made by the reader.
  void json(std::string_view name, const std::optional<std::string>& text) {
    if (text)
      out[name] = parse_kept_json(*text);
  }
};

object window_json(const window_spec& w) {
  writer to;
  to.text("type", to_string(w.type));
  to.duration("size", w.size_ms);
  to.duration("every", w.every_ms);
  to.duration("gap", w.gap_ms);
  to.duration("max", w.max_ms);
  to.text("time_zone", w.time_zone);
  return std::move(to.out);
}

object absence_json(const absence_spec& a) {
  writer to;
  to.duration("for", a.for_ms);
  if (!a.expect.empty()) {
    array groups;
    for (const auto& group : a.expect)
      groups.push_back(parse_kept_json(group));
    to.out["expect"] = std::move(groups);
  }
  return std::move(to.out);
}

object sequence_json(const sequence_spec& s) {
  writer to;
  to.duration("within", s.within_ms);
  array steps;
  for (const auto& step : s.steps) {
    writer one;
    one.text("name", step.name);
    one.text("when", step.when);
    if (step.times != 1)
      one.out["times"] = step.times;
    if (step.absent)
      one.out["not"] = true;
    steps.push_back(std::move(one.out));
  }
  to.out["steps"] = std::move(steps);
  return std::move(to.out);
}

object anomaly_json(const anomaly_spec& a) {
  const anomaly_spec usual;
  writer to;
  to.text("value", a.value);
  to.text("aggregate", a.aggregate);
  to.duration("every", a.every_ms);
  if (a.detector != usual.detector)
    to.text("detector", a.detector);
  if (a.sensitivity != usual.sensitivity)
    to.out["sensitivity"] = a.sensitivity;
  if (a.direction != usual.direction)
    to.text("direction", a.direction);
  if (a.warmup != 0)
    to.out["warmup"] = a.warmup;
  return std::move(to.out);
}

object alert_json(const alert_spec& a) {
  writer to;
  to.text("summary", a.summary);
  to.text("details", a.details);
  to.duration("cooldown", a.cooldown_ms);
  to.duration("resolve_after", a.resolve_after_ms);
  return std::move(to.out);
}

object test_json(const rule_test& test) {
  writer to;
  to.text("name", test.name);
  array events, alerts;
  for (const auto& event : test.events) {
    writer one;
    one.out["at"] = format_duration_ms(event.at_ms);
    if (event.repeat != 1)
      one.out["repeat"] = event.repeat;
    one.duration("every", event.every_ms);
    one.json("event", event.event);
    events.push_back(std::move(one.out));
  }
  for (const auto& alert : test.alerts) {
    writer one;
    one.out["at"] = format_duration_ms(alert.at_ms);
    one.json("group", alert.group);
    one.duration("resolved_at", alert.resolved_at_ms);
    if (alert.count)
      one.out["count"] = *alert.count;
    if (alert.summary)
      one.out["summary"] = *alert.summary;
    one.json("values", alert.values);
    alerts.push_back(std::move(one.out));
  }
  to.out["events"] = std::move(events);
  to.out["alerts"] = std::move(alerts);
  to.duration("until", test.until_ms);
  return std::move(to.out);
}

} // namespace

std::string to_json(const rule_document& d) {
  const rule_document usual;
  writer to;
  to.text("id", d.id);
  to.text("name", d.name);
  to.text("description", d.description);
  to.pairs("labels", d.labels);
  if (d.severity != usual.severity)
    to.text("severity", to_string(d.severity));
  to.text("kind", to_string(d.kind));
  if (d.mode != usual.mode)
    to.text("mode", to_string(d.mode));
  to.out["when"] = d.when;
  to.texts("group_by", d.group_by);
  if (d.clock != usual.clock)
    to.text("clock", to_string(d.clock));
  to.duration("lateness", d.lateness_ms);
  to.duration("max_ahead", d.max_ahead_ms);
  to.duration("idle_after", d.idle_after_ms);
  if (d.window)
    to.out["window"] = window_json(*d.window);
  to.pairs("aggregate", d.aggregate);
  to.text("condition", d.condition);
  if (d.absence)
    to.out["absence"] = absence_json(*d.absence);
  if (d.sequence)
    to.out["sequence"] = sequence_json(*d.sequence);
  if (d.anomaly)
    to.out["anomaly"] = anomaly_json(*d.anomaly);
  if (d.alert != usual.alert)
    to.out["alert"] = alert_json(d.alert);
  to.texts("notify", d.notify);
  to.duration("backfill", d.backfill_ms);
  if (!d.tests.empty()) {
    array tests;
    for (const auto& test : d.tests)
      tests.push_back(test_json(test));
    to.out["tests"] = std::move(tests);
  }
  return json_text(std::move(to.out));
}

bool same_content(const rule_document& a, const rule_document& b) {
  return to_json(a) == to_json(b);
}

std::string to_string(const rule_problem& p) {
  std::string out;
  if (p.line > 0)
    out += std::to_string(p.line) + ":" + std::to_string(p.column) + ": ";
  if (!p.pointer.empty())
    out += p.pointer + ": ";
  return out + p.detail;
}

std::string_view to_string(rule_kind k) noexcept {
  switch (k) {
  case rule_kind::match:
    return "match";
  case rule_kind::threshold:
    return "threshold";
  case rule_kind::absence:
    return "absence";
  case rule_kind::sequence:
    return "sequence";
  case rule_kind::anomaly:
    return "anomaly";
  }
  return "";
}

std::string_view to_string(rule_clock c) noexcept {
  switch (c) {
  case rule_clock::received:
    return "received";
  case rule_clock::event:
    return "event";
  }
  return "";
}

std::string_view to_string(window_type t) noexcept {
  switch (t) {
  case window_type::sliding:
    return "sliding";
  case window_type::tumbling:
    return "tumbling";
  case window_type::hopping:
    return "hopping";
  case window_type::session:
    return "session";
  }
  return "";
}

std::string_view to_string(rule_mode m) noexcept {
  switch (m) {
  case rule_mode::live:
    return "live";
  case rule_mode::shadow:
    return "shadow";
  case rule_mode::off:
    return "off";
  }
  return "";
}

std::string_view to_string(severity s) noexcept {
  switch (s) {
  case severity::info:
    return "info";
  case severity::warning:
    return "warning";
  case severity::critical:
    return "critical";
  }
  return "";
}

} // namespace eventpulse

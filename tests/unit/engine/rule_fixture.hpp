#pragma once
// What the engine's tests share: rules from YAML, events, and a player that
// keeps what became of every alert.

#include <caf/test/unit_test.hpp>

#include "runtime/core/engine/rule_evaluator.hpp"
#include "runtime/core/rules/compile.hpp"

#include <map>
#include <string>
#include <vector>

namespace eventpulse::testing {

inline std::string lines_of(const std::vector<rule_problem>& problems) {
  std::string out;
  for (const auto& p : problems)
    out += to_string(p) + '\n';
  return out;
}

inline rule_document document_of(const std::string& yaml) {
  auto parsed = parse_rule_yaml(yaml);
  if (auto* bad = std::get_if<1>(&parsed))
    CAF_FAIL("no document: " << lines_of(*bad) << yaml);
  return std::get<0>(parsed);
}

inline compiled_rule_ptr rule_of(const std::string& yaml, int64_t version = 1) {
  auto compiled = compile_rule(document_of(yaml), version);
  if (auto* bad = std::get_if<1>(&compiled))
    CAF_FAIL("no rule: " << lines_of(*bad) << yaml);
  return std::get<0>(compiled);
}

/// Problems of a document or of its expressions.
inline std::vector<rule_problem> problems_of(const std::string& yaml) {
  const auto compiled = compile_draft(draft_of_yaml(yaml), 1);
  const auto* bad = std::get_if<1>(&compiled);
  return bad ? *bad : std::vector<rule_problem>{};
}

inline std::vector<rule_problem> problems_of_json(const std::string& json) {
  const auto compiled = compile_draft(draft_of_json(json), 1);
  const auto* bad = std::get_if<1>(&compiled);
  return bad ? *bad : std::vector<rule_problem>{};
}

/// Events get ids e0, e1 … and positions in the order they are made.
class event_maker {
public:
  event operator()(int64_t at_ms, const std::string& data = "{}",
                   const std::string& type = "t") {
    event e;
    e.document.id = "e" + std::to_string(next_);
    e.document.source = "s";
    e.document.type = type;
    e.document.kind = payload_kind::json;
    e.document.payload = data;
    e.received_at_ms = at_ms;
    e.where = {0, static_cast<uint64_t>(at_ms), ++next_}; // above {}
    return e;
  }

private:
  uint64_t next_ = 0;
};

inline cursor at(int64_t ms) {
  return {{ms, 0, 0, 0}, ms};
}

inline step step_of(std::vector<event> events, std::optional<cursor> to = {}) {
  step out;
  if (!events.empty())
    out.to = {events.back().key(), 0};
  for (uint32_t i = 0; i < events.size(); ++i)
    out.hits.push_back(i);
  out.batch = evaluation_batch::make(std::move(events));
  if (to)
    out.to = *to;
  return out;
}

/// Time passes to `ms` without events.
inline step time_to(const rule_evaluator& rule, int64_t ms) {
  step out;
  out.to = {rule.at().key, ms};
  return out;
}

/// "opened [\"a\"] 10", "resolved [\"a\"] 30 condition".
inline std::string line_of(const alert_change& c) {
  const auto& a = c.after;
  switch (c.what) {
  case alert_change::kind::opened:
    return "opened " + a.group_json + " " + std::to_string(a.opened_at_ms);
  case alert_change::kind::updated:
    return "updated " + a.group_json + " " + std::to_string(a.last_seen_ms) +
           " x" + std::to_string(a.count);
  case alert_change::kind::resolved:
    return "resolved " + a.group_json + " " +
           std::to_string(a.resolved_at_ms.value_or(-1)) + " " +
           a.resolve_reason;
  }
  return "";
}

inline std::vector<std::string> lines_of(const std::vector<alert_change>& all) {
  std::vector<std::string> out;
  for (const auto& c : all)
    out.push_back(line_of(c));
  return out;
}

using lines = std::vector<std::string>;

// Three in 100 ms open; resolves when false for 50 ms.
inline const std::string three_in_100 = R"(
id: three
kind: threshold
when: event.type == "t"
group_by: [event.data.g]
window: {type: sliding, size: 100ms}
aggregate: {n: count()}
condition: n >= 3
alert: {summary: "${n} on ${group[0]}", resolve_after: 50ms}
notify: [desk]
)";

inline const std::string any_match = R"(
id: any
kind: match
severity: info
labels: {team: x}
when: event.data.v > 5
group_by: [event.data.g]
alert: {summary: "v is ${event.data.v}", details: "of ${group[0]}"}
notify: [desk]
)";

struct evaluator_fixture {
  event_maker make;

  event a(int64_t at_ms) { return make(at_ms, R"({"g":"a"})"); }
  event b(int64_t at_ms) { return make(at_ms, R"({"g":"b"})"); }
};

inline std::string with(std::string text, std::string_view what,
                        std::string_view by) {
  const auto at = text.find(what);
  CAF_REQUIRE_NOT_EQUAL(at, std::string::npos);
  return text.replace(at, what.size(), by);
}

} // namespace eventpulse::testing

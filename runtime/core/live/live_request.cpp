#include "runtime/core/live/live_request.hpp"

#include "runtime/core/base/near_name.hpp"
#include "runtime/core/rules/rule_program.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace eventpulse {

namespace {

constexpr std::array<std::string_view, 10> known_parameters{
    "topics", "type",     "source", "subject", "where",
    "rule",   "severity", "state",  "channel", "after"};

problem invalid(std::string detail) {
  return {errc::invalid, std::move(detail), {}};
}

std::optional<problem> read_topics(const std::string& text,
                                   std::set<live_topic>& out) {
  std::vector<std::string_view> names;
  for (auto topic : live_topics)
    names.push_back(to_string(topic));
  for (size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find(',', from), text.size());
    const auto name = text.substr(from, end - from);
    const auto topic = parse_live_topic(name);
    if (!topic)
      return invalid("there is no topic '" + name + "'" +
                     near_name_hint(name, names) +
                     "; topics are events, alerts, deliveries, rules and "
                     "system, with commas between them");
    out.insert(*topic);
    from = end + 1;
  }
  return std::nullopt;
}

std::optional<problem> read_severity(const std::string& text,
                                     live_request& out) {
  if (text == "info")
    out.severity = severity::info;
  else if (text == "warning")
    out.severity = severity::warning;
  else if (text == "critical")
    out.severity = severity::critical;
  else
    return invalid("severity is 'info', 'warning' or 'critical'");
  return std::nullopt;
}

std::optional<problem> read_state(const std::string& text, live_request& out) {
  if (text != "firing" && text != "resolved")
    return invalid("state is 'firing' or 'resolved'");
  out.state = text == "firing" ? alert_state::firing : alert_state::resolved;
  return std::nullopt;
}

std::optional<problem> read_where(const std::string& text, live_request& out) {
  auto made = cel::compile(text, event_environment());
  if (auto* wrong = std::get_if<1>(&made)) {
    problem all = invalid("where is not a condition over an event");
    for (auto& d : *wrong)
      all.errors.push_back(
          {"/where", "line " + std::to_string(d.line) + ", column " +
                         std::to_string(d.column) + ": " + d.message +
                         (d.hint.empty() ? "" : "; " + d.hint)});
    return all;
  }
  out.where = std::get<0>(made);
  const auto& type = out.where->result_type();
  if (!type.is_dyn() && !type.is(cel::type_kind::boolean))
    return invalid("where must be a bool, not " + type.text());
  return std::nullopt;
}

std::optional<problem> read_after(const std::string& text, live_request& out) {
  out.after = parse_live_cursor(text);
  if (!out.after)
    return invalid("after is not a cursor of the live feed");
  return std::nullopt;
}

std::optional<problem> read_parameter(const std::string& name,
                                      const std::string& value,
                                      live_request& out) {
  if (name == "topics")
    return read_topics(value, out.topics);
  if (name == "severity")
    return read_severity(value, out);
  if (name == "state")
    return read_state(value, out);
  if (name == "where")
    return read_where(value, out);
  if (name == "after")
    return read_after(value, out);
  if (name == "type")
    out.type = value;
  else if (name == "source")
    out.source = value;
  else if (name == "subject")
    out.subject = value;
  else if (name == "rule")
    out.rule = value;
  else if (name == "channel")
    out.channel = value;
  else
    return invalid("no such query parameter: '" + name + "'" +
                   near_name_hint(name, known_parameters));
  return std::nullopt;
}

bool is_or_any(const std::optional<std::string>& wanted,
               const std::string& value) {
  return !wanted || *wanted == value;
}

} // namespace

std::variant<live_request, problem>
read_live_request(const intake::query_parameters& query) {
  live_request out;
  std::set<std::string_view> seen;
  for (auto& [name, value] : query) {
    if (!seen.insert(name).second)
      return invalid("the query parameter '" + name + "' is given twice");
    const bool known =
        std::find(known_parameters.begin(), known_parameters.end(), name) !=
        known_parameters.end();
    if (known && value.empty())
      continue;
    if (auto wrong = read_parameter(name, value, out))
      return *wrong;
  }
  if (out.topics.empty())
    out.topics.insert(live_topic::alerts);
  return out;
}

bool live_request::concerns(const event& e,
                            const evaluation_batch_ptr& view) const {
  const auto& d = e.document;
  if (!wants_events() || !is_or_any(type, d.type) ||
      !is_or_any(source, d.source) || !is_or_any(subject, d.subject))
    return false;
  if (!where)
    return true;
  const auto variable = view->view(0);
  const std::span<const cel::value> variables{&variable, 1};
  return where->evaluate(cel::activation{variables}).is_true();
}

bool live_request::concerns(const live_change& c) const {
  if (!topics.contains(c.topic))
    return false;
  switch (c.topic) {
  case live_topic::events:
  case live_topic::system:
    return true;
  case live_topic::alerts:
    return is_or_any(rule, c.about) &&
           (!severity || (c.after && c.after->severity == *severity)) &&
           (!state || (c.after && c.after->state == *state));
  case live_topic::rules:
    return is_or_any(rule, c.about);
  case live_topic::deliveries:
    return is_or_any(channel, c.about);
  }
  return false;
}

scope scope_of(live_topic t) noexcept {
  switch (t) {
  case live_topic::events:
    return scope::events_read;
  case live_topic::alerts:
  case live_topic::deliveries:
    return scope::alerts_read;
  case live_topic::rules:
    return scope::rules_read;
  case live_topic::system:
    return scope::admin;
  }
  return scope::admin;
}

} // namespace eventpulse

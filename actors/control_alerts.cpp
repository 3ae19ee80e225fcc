#include "actors/control_deliveries.hpp"
#include "actors/control_pages.hpp"
#include "actors/control_routes.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/delivery/render.hpp"

#include <variant>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

result<alert> find_alert(const control_call& call) {
  alert_query q;
  q.id = call.path[2];
  q.limit = 1;
  auto found = call.stores.outcomes->query(q);
  if (!found)
    return found.error();
  if (found->empty())
    return failure{errc::not_found, "no alert of this id"};
  return std::move(found->front());
}

void add_step(json::array& to, int64_t at_ms, std::string_view what,
              const std::string& by, const std::string& comment,
              const std::string& reason) {
  json::object one{{"at", format_rfc3339_ms(at_ms)}, {"what", what}};
  if (!by.empty())
    one["by"] = by;
  if (!comment.empty())
    one["comment"] = comment;
  if (!reason.empty())
    one["reason"] = reason;
  to.push_back(std::move(one));
}

/// What became of it, oldest first.
json::array history_of(const alert& a) {
  json::array out;
  add_step(out, a.opened_at_ms, "opened", {}, {}, {});
  auto acknowledge = [&] {
    add_step(out, *a.acknowledged_at_ms, "acknowledged", a.acknowledged_by,
             a.acknowledge_comment, {});
  };
  bool before =
      a.acknowledged_at_ms &&
      (!a.resolved_at_ms || *a.acknowledged_at_ms <= *a.resolved_at_ms);
  if (before)
    acknowledge();
  if (a.resolved_at_ms)
    add_step(out, *a.resolved_at_ms, "resolved", a.resolved_by,
             a.resolve_comment, a.resolve_reason);
  if (a.acknowledged_at_ms && !before)
    acknowledge();
  return out;
}

json::object alert_object(const alert& a) {
  return std::move(parse_kept_json(alert_json(a)).as_object());
}

/// The comment of an action; the body may be left out.
std::variant<std::string, problem> read_comment(const control_call& call) {
  if (call.body.empty())
    return std::string{};
  auto body = body_object(call);
  if (!body)
    return problem{body.error().code, body.error().detail, {}};
  problem wrong{errc::invalid, "the action is not valid", {}};
  std::string out;
  for (auto& [name, value] : *body) {
    if (name != "comment")
      wrong.errors.push_back(
          {"/" + std::string(name), "no such field; an action has a comment"});
    else if (!value.is_string())
      wrong.errors.push_back({"/comment", "must be a string"});
    else
      out = value.as_string();
  }
  if (out.size() > limits::comment_bytes_max)
    wrong.errors.push_back(
        {"/comment", "has more than " +
                         std::to_string(limits::comment_bytes_max) + " bytes"});
  if (out.find('\0') != std::string::npos)
    wrong.errors.push_back({"/comment", "must not hold U+0000"});
  if (!wrong.errors.empty())
    return wrong;
  return out;
}

/// The control row is made once; its effect is waited for, and an alert that is
/// as it was asked to be is the answer. 202 where that takes longer.
result<control_outcome> act(control_call& call, alert_action::kind what) {
  auto comment = read_comment(call);
  if (auto* wrong = std::get_if<problem>(&comment))
    return control_outcome{to_http(*wrong)};
  auto found = find_alert(call);
  if (!found)
    return found.error();
  bool resolves = what == alert_action::kind::resolve;
  if (resolves ? found->state == alert_state::resolved
               : found->acknowledged_at_ms.has_value())
    return control_outcome{json_answer(200, alert_object(*found))};
  auto taken = call.stores.outcomes->act({what, found->id, found->rule,
                                          found->group_json, call.by.name,
                                          std::get<0>(comment)},
                                         call.who());
  if (!taken)
    return taken.error();
  auto body = alert_object(*found);
  body["pending"] = resolves ? "resolve" : "acknowledge";
  control_outcome out{json_answer(202, body)};
  out.again = true;
  if (taken->made)
    out.row = taken->row;
  return out;
}

} // namespace

result<control_outcome> list_alerts(control_call& call) {
  auto range = read_range(call);
  if (!range)
    return range.error();
  alert_query q;
  q.rule = call.parameter("rule");
  q.from_ms = range->from_ms;
  q.to_ms = range->to_ms;
  q.before = range->before;
  q.limit = range->limit;
  if (auto text = call.parameter("state")) {
    if (*text != "firing" && *text != "resolved")
      return failure{errc::invalid, "state is 'firing' or 'resolved'"};
    q.state = *text == "firing" ? alert_state::firing : alert_state::resolved;
  }
  if (auto text = call.parameter("severity")) {
    if (*text == "info")
      q.severity = severity::info;
    else if (*text == "warning")
      q.severity = severity::warning;
    else if (*text == "critical")
      q.severity = severity::critical;
    else
      return failure{errc::invalid,
                     "severity is 'info', 'warning' or 'critical'"};
  }
  auto acknowledged = read_flag(call, "acknowledged");
  if (!acknowledged)
    return acknowledged.error();
  q.acknowledged = *acknowledged;
  auto page = call.stores.outcomes->query(q);
  if (!page)
    return page.error();
  json::array items;
  for (auto& a : *page)
    items.push_back(parse_kept_json(alert_json(a)));
  std::optional<std::string> next;
  if (page->size() == q.limit)
    next = join_cursor(page->back().opened_at_ms, page->back().id);
  return control_outcome{list_answer(std::move(items), next)};
}

/// With its history and its deliveries.
result<control_outcome> get_alert(control_call& call) {
  auto found = find_alert(call);
  if (!found)
    return found.error();
  delivery_query q;
  q.alert = found->id;
  q.limit = limits::page_items_max;
  auto told = call.stores.deliveries->query(q);
  if (!told)
    return told.error();
  json::array deliveries;
  for (auto d = told->rbegin(); d != told->rend(); ++d)
    deliveries.push_back(delivery_object(*d));
  auto body = alert_object(*found);
  body["history"] = history_of(*found);
  body["deliveries"] = std::move(deliveries);
  return control_outcome{json_answer(200, body)};
}

result<control_outcome> acknowledge_alert(control_call& call) {
  return act(call, alert_action::kind::acknowledge);
}

result<control_outcome> resolve_alert(control_call& call) {
  return act(call, alert_action::kind::resolve);
}

} // namespace eventpulse::routes

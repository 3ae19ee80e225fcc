#include "actors/control_deliveries.hpp"
#include "actors/control_routes.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/delivery/render.hpp"
#include "runtime/core/intake/render.hpp"

#include <charconv>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

failure bad_cursor() {
  return {errc::invalid, "the cursor is not one of ours"};
}

/// "<ms>_<rest>", what lists by time go on after.
std::optional<std::pair<int64_t, std::string>>
split_cursor(const std::string& text) {
  int64_t ms = 0;
  auto [end, wrong] =
      std::from_chars(text.data(), text.data() + text.size(), ms);
  if (wrong != std::errc{} || end == text.data() + text.size() || *end != '_')
    return std::nullopt;
  return std::pair{ms, std::string(end + 1, text.data() + text.size())};
}

std::string join_cursor(int64_t ms, const std::string& rest) {
  return std::to_string(ms) + '_' + rest;
}

/// from, to, limit and cursor, which every list by time has.
struct list_range {
  std::optional<int64_t> from_ms, to_ms;
  std::optional<std::pair<int64_t, std::string>> before;
  size_t limit = 0;
};

result<list_range> read_range(const control_call& call) {
  list_range out;
  auto limit = call.limit();
  auto from = call.time("from");
  auto to = call.time("to");
  if (!limit)
    return limit.error();
  if (!from || !to)
    return from ? to.error() : from.error();
  out.limit = *limit;
  out.from_ms = *from;
  out.to_ms = *to;
  if (auto text = call.parameter("cursor")) {
    out.before = split_cursor(*text);
    if (!out.before)
      return bad_cursor();
  }
  return out;
}

json::value event_object(const stored_event& e) {
  return parse_kept_json(
      intake::to_cloudevents_json(e.what, e.persisted_at_ms));
}

std::optional<delivery_state> parse_delivery_state(std::string_view text) {
  for (auto s : {delivery_state::pending, delivery_state::delivered,
                 delivery_state::failed})
    if (name_of(s) == text)
      return s;
  return std::nullopt;
}

} // namespace

result<control_outcome> list_events(control_call& call) {
  auto range = read_range(call);
  if (!range)
    return range.error();
  event_query q;
  q.type = call.parameter("type");
  q.source = call.parameter("source");
  q.subject = call.parameter("subject");
  q.id = call.parameter("id");
  q.from_ms = range->from_ms;
  q.to_ms = range->to_ms;
  q.limit = range->limit;
  if (range->before) {
    auto where = parse_position(range->before->second);
    if (!where)
      return bad_cursor();
    q.before = order_key{range->before->first, where->partition, where->ms,
                         where->seq};
  }
  auto page = call.stores.events->query(q);
  if (!page)
    return page.error();
  json::array items;
  for (auto& e : *page)
    items.push_back(event_object(e));
  std::optional<std::string> next;
  if (page->size() == q.limit) {
    auto& last = page->back().what;
    next = join_cursor(last.received_at_ms, to_string(last.where));
  }
  return control_outcome{list_answer(std::move(items), next)};
}

result<control_outcome> get_event(control_call& call) {
  event_query q;
  q.source = call.path[2];
  q.id = call.path[3];
  q.limit = 1;
  auto found = call.stores.events->query(q);
  if (!found)
    return found.error();
  if (found->empty())
    return failure{errc::not_found, "no event of this source and id"};
  // The payload goes out as it was received, not parsed and printed again.
  http_response answer;
  answer.status = 200;
  answer.content_type = "application/json";
  answer.body = intake::to_cloudevents_json(found->front().what,
                                            found->front().persisted_at_ms) +
                '\n';
  return control_outcome{answer};
}

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

result<control_outcome> get_alert(control_call& call) {
  alert_query q;
  q.id = call.path[2];
  q.limit = 1;
  auto found = call.stores.outcomes->query(q);
  if (!found)
    return found.error();
  if (found->empty())
    return failure{errc::not_found, "no alert of this id"};
  return control_outcome{
      json_answer(200, parse_kept_json(alert_json(found->front())))};
}

result<control_outcome> list_deliveries(control_call& call) {
  auto range = read_range(call);
  if (!range)
    return range.error();
  delivery_query q;
  q.alert = call.parameter("alert");
  q.channel = call.parameter("channel");
  q.type = call.parameter("type");
  q.from_ms = range->from_ms;
  q.to_ms = range->to_ms;
  q.before = range->before;
  q.limit = range->limit;
  if (auto text = call.parameter("state")) {
    q.state = parse_delivery_state(*text);
    if (!q.state)
      return failure{errc::invalid,
                     "state is 'pending', 'delivered' or 'failed'"};
  }
  auto page = call.stores.deliveries->query(q);
  if (!page)
    return page.error();
  json::array items;
  for (auto& d : *page)
    items.push_back(delivery_object(d));
  std::optional<std::string> next;
  if (page->size() == q.limit)
    next = join_cursor(page->back().what.created_at_ms, page->back().what.id);
  return control_outcome{list_answer(std::move(items), next)};
}

result<control_outcome> get_delivery(control_call& call) {
  delivery_query q;
  q.id = call.path[2];
  q.limit = 1;
  auto found = call.stores.deliveries->query(q);
  if (!found)
    return found.error();
  if (found->empty())
    return failure{errc::not_found, "no delivery of this id"};
  return control_outcome{json_answer(200, delivery_object(found->front()))};
}

} // namespace eventpulse::routes

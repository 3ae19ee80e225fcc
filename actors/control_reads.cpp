// Deliveries, looked at.

#include "actors/control_deliveries.hpp"
#include "actors/control_pages.hpp"
#include "actors/control_routes.hpp"

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

std::optional<delivery_state> parse_delivery_state(std::string_view text) {
  for (auto s : {delivery_state::pending, delivery_state::delivered,
                 delivery_state::failed})
    if (name_of(s) == text)
      return s;
  return std::nullopt;
}

} // namespace

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

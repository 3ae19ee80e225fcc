// Stored events: lists by attributes, time and condition, and one with its
// story. Their data goes out as it was received, never parsed and printed
// again.

#include "actors/control_pages.hpp"
#include "actors/control_routes.hpp"
#include "actors/event_story.hpp"
#include "runtime/core/base/json_text.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/engine/event_filter.hpp"
#include "runtime/core/intake/render.hpp"

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

constexpr size_t page_of_search = 200;   // events read at once
constexpr int64_t search_ms_max = 2'000; // a request's share of the actor

std::string text_of(const stored_event& e) {
  return intake::to_cloudevents_json(e.what, e.persisted_at_ms);
}

std::string cursor_after(const stored_event& e) {
  return join_cursor(e.what.received_at_ms, to_string(e.what.where));
}

http_response text_answer(std::string body) {
  http_response out;
  out.status = 200;
  out.content_type = "application/json";
  out.body = std::move(body) + '\n';
  return out;
}

struct found_events {
  std::string items; // "[…]" without its end
  size_t count = 0;
  std::optional<std::string> next;

  void add(const stored_event& e) {
    items += count++ == 0 ? "[" : ",";
    items += text_of(e);
  }
};

http_response answer_of(const found_events& found, const json::object& more) {
  std::string body = "{\"items\":";
  body += found.count == 0 ? "[" : found.items;
  body += "],\"next\":";
  if (found.next)
    append_json_string(body, *found.next);
  else
    body += "null";
  for (auto& [name, value] : more) {
    body += ',';
    append_json_string(body, name);
    body += ':' + json_text(value);
  }
  return text_answer(body + '}');
}

result<event_query> read_query(const control_call& call) {
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
  return q;
}

/// Reads backwards until enough is found, or enough was looked at: then `next`
/// is where the search goes on, and the page may be short, even empty.
result<control_outcome> search(control_call& call, event_query q,
                               event_filter filter) {
  const auto wanted = std::exchange(q.limit, page_of_search);
  const auto until = call.surroundings.now_ms() + search_ms_max;
  found_events found;
  size_t looked_at = 0;
  for (bool over = false; !over;) {
    auto page = call.stores.events->query(q);
    if (!page)
      return page.error();
    over = page->size() < page_of_search;
    for (auto& e : *page) {
      ++looked_at;
      if (filter.holds(e.what))
        found.add(e);
      bool enough = found.count == wanted || filter.spent() ||
                    looked_at == limits::query_events_max ||
                    call.surroundings.now_ms() >= until;
      if (!enough)
        continue;
      if (!over || &e != &page->back())
        found.next = cursor_after(e);
      over = true;
      break;
    }
    if (!page->empty())
      q.before = page->back().what.key();
  }
  json::object more{{"looked_at", looked_at}};
  if (filter.errors() > 0) {
    more["errors"] = filter.errors();
    more["last_error"] = filter.last_error();
  }
  return control_outcome{answer_of(found, more)};
}

problem not_a_condition(const std::vector<std::string>& wrong) {
  problem out{errc::invalid, "'where' is not a condition over events:", {}};
  for (auto& one : wrong)
    out.detail += '\n' + one;
  return out;
}

/// The newest of these, with its story in a member that no CloudEvents
/// attribute can have.
result<control_outcome> show(control_call& call, const stored_event& e) {
  auto story = event_story(call, e);
  if (!story)
    return story.error();
  auto body = text_of(e);
  body.pop_back(); // its brace
  body += ",\"event_story\":" + json_text(*story) + '}';
  return control_outcome{text_answer(std::move(body))};
}

} // namespace

result<control_outcome> list_events(control_call& call) {
  auto q = read_query(call);
  if (!q)
    return q.error();
  if (auto where = call.parameter("where")) {
    auto filter = event_filter::compile(*where);
    if (auto* wrong = std::get_if<1>(&filter))
      return control_outcome{to_http(not_a_condition(*wrong))};
    return search(call, *q, std::move(std::get<0>(filter)));
  }
  auto page = call.stores.events->query(*q);
  if (!page)
    return page.error();
  found_events found;
  for (auto& e : *page)
    found.add(e);
  if (page->size() == q->limit)
    found.next = cursor_after(page->back());
  return control_outcome{answer_of(found, {})};
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
  return show(call, found->front());
}

/// By id alone, where that says which one; ?source= where it does not.
result<control_outcome> get_event_of_id(control_call& call) {
  event_query q;
  q.id = call.path[2];
  q.source = call.parameter("source");
  auto found = call.stores.events->query(q);
  if (!found)
    return found.error();
  if (found->empty())
    return failure{errc::not_found, "no event of this id"};
  for (auto& e : *found)
    if (e.what.document.source != found->front().what.document.source)
      return failure{errc::conflict,
                     "events of several sources have this id, among them '" +
                         found->front().what.document.source + "' and '" +
                         e.what.document.source + "': say ?source="};
  return show(call, found->front());
}

} // namespace eventpulse::routes

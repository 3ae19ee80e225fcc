#include "actors/control_routes.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/time.hpp"

#include <charconv>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(json::string(text));
}

json::value json_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : parse_kept_json(text);
}

json::object to_object(const audit_record& r) {
  auto& e = r.what;
  return {{"id", r.id},
          {"at", format_rfc3339_ms(r.at_ms)},
          {"by", {{"key", text_or_null(e.by.key_id)}, {"name", e.by.name}}},
          {"action", e.action},
          {"target", e.target},
          {"before", json_or_null(e.before)},
          {"after", json_or_null(e.after)},
          {"request_id", text_or_null(e.by.request_id)},
          {"trace_id", text_or_null(e.by.trace_id)}};
}

std::optional<int64_t> parse_id(const std::string& text) {
  int64_t out = 0;
  auto end = text.data() + text.size();
  auto [stop, wrong] = std::from_chars(text.data(), end, out);
  if (wrong != std::errc{} || stop != end || out < 1)
    return std::nullopt;
  return out;
}

} // namespace

result<control_outcome> list_audit(control_call& call) {
  auto limit = call.limit();
  auto from = call.time("from");
  auto to = call.time("to");
  if (!limit)
    return limit.error();
  if (!from || !to)
    return from ? to.error() : from.error();
  audit_query q;
  q.key = call.parameter("key");
  q.action = call.parameter("action");
  q.target = call.parameter("target");
  q.from_ms = *from;
  q.to_ms = *to;
  q.limit = *limit;
  if (auto text = call.parameter("cursor")) {
    q.before = parse_id(*text);
    if (!q.before)
      return failure{errc::invalid, "the cursor is not one of ours"};
  }
  auto page = call.stores.audit->query(q);
  if (!page)
    return page.error();
  json::array items;
  for (auto& r : *page)
    items.push_back(to_object(r));
  std::optional<std::string> next;
  if (page->size() == q.limit)
    next = std::to_string(page->back().id);
  return control_outcome{list_answer(std::move(items), next)};
}

} // namespace eventpulse::routes

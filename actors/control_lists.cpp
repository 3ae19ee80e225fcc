#include "actors/control_lists.hpp"

#include "runtime/core/base/time.hpp"

#include <charconv>

namespace eventpulse {

namespace json = boost::json;

namespace {

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

std::string_view name_of(delivery_state s) {
  switch (s) {
  case delivery_state::pending:
    return "pending";
  case delivery_state::delivered:
    return "delivered";
  case delivery_state::failed:
    return "failed";
  }
  return "unknown";
}

} // namespace

failure bad_cursor() {
  return {errc::invalid, "the cursor is not one of ours"};
}

std::string join_cursor(int64_t ms, const std::string& rest) {
  return std::to_string(ms) + '_' + rest;
}

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

result<std::optional<bool>> read_flag(const control_call& call,
                                      std::string_view name) {
  auto text = call.parameter(name);
  if (!text)
    return std::optional<bool>{};
  if (*text != "true" && *text != "false")
    return failure{errc::invalid, std::string(name) + " is 'true' or 'false'"};
  return std::optional<bool>{*text == "true"};
}

std::optional<delivery_state> parse_delivery_state(std::string_view text) {
  for (auto s : {delivery_state::pending, delivery_state::delivered,
                 delivery_state::failed})
    if (name_of(s) == text)
      return s;
  return std::nullopt;
}

json::object delivery_object(const delivery_story& story) {
  auto& d = story.what;
  json::array attempts;
  for (auto& a : story.attempts) {
    json::object one{{"number", a.number},
                     {"started_at", format_rfc3339_ms(a.started_at_ms)},
                     {"duration_ms", a.duration_ms},
                     {"status", a.status}};
    if (!a.error.empty())
      one["error"] = a.error;
    if (!a.answer_excerpt.empty())
      one["answer"] = a.answer_excerpt;
    attempts.push_back(std::move(one));
  }
  json::object out{{"id", d.id},
                   {"alert", d.alert},
                   {"channel", d.channel},
                   {"type", d.type},
                   {"state", name_of(d.state)},
                   {"created_at", format_rfc3339_ms(d.created_at_ms)},
                   {"attempts", std::move(attempts)}};
  if (story.next_attempt_at_ms)
    out["next_attempt_at"] = format_rfc3339_ms(*story.next_attempt_at_ms);
  return out;
}

} // namespace eventpulse

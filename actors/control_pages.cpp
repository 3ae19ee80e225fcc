#include "actors/control_pages.hpp"

#include <charconv>

namespace eventpulse {

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

} // namespace eventpulse

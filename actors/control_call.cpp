#include "actors/control_call.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/intake/trace_context.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace eventpulse {

namespace json = boost::json;

std::optional<std::string>
control_call::parameter(std::string_view name) const {
  for (auto& [key, value] : query)
    if (key == name && !value.empty())
      return value;
  return std::nullopt;
}

result<size_t> control_call::limit() const {
  auto text = parameter("limit");
  if (!text)
    return limits::page_items_default;
  size_t out = 0;
  auto [end, wrong] =
      std::from_chars(text->data(), text->data() + text->size(), out);
  if (wrong != std::errc{} || end != text->data() + text->size() || out < 1 ||
      out > limits::page_items_max)
    return failure{errc::invalid, "limit must be a number from 1 to " +
                                      std::to_string(limits::page_items_max)};
  return out;
}

result<std::optional<int64_t>> control_call::time(std::string_view name) const {
  auto text = parameter(name);
  if (!text)
    return std::optional<int64_t>{};
  auto at = parse_rfc3339_ms(*text);
  if (!at)
    return failure{errc::invalid, std::string(name) +
                                      " must be an RFC 3339 time, such as "
                                      "2026-01-02T03:04:05Z"};
  return std::optional<int64_t>{*at};
}

caller control_call::who() const {
  caller out{by.id, by.name, request_id, {}};
  if (auto trace = intake::parse_traceparent(find_header(head, "traceparent")))
    out.trace_id = trace->trace_id;
  return out;
}

std::string request_id_of(const http_request& head, world& surroundings) {
  auto given = find_header(head, "x-request-id");
  auto fits = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!given.empty() && given.size() <= limits::request_id_bytes_max &&
      std::all_of(given.begin(), given.end(), fits))
    return std::string(given);
  std::array<uint8_t, 10> random{};
  surroundings.random(random.data(), random.size());
  return uuid_v7(surroundings.now_ms(), random);
}

result<json::object> body_object(const control_call& call) {
  boost::system::error_code wrong;
  auto parsed = json::parse(call.body, wrong);
  if (wrong)
    return failure{errc::malformed, "the body is not JSON: " + wrong.message()};
  if (!parsed.is_object())
    return failure{errc::invalid, "the body must be a JSON object"};
  return std::move(parsed.as_object());
}

http_response json_answer(unsigned status, const json::value& body) {
  http_response out;
  out.status = status;
  out.content_type = "application/json";
  out.body = json_text(body) + '\n';
  return out;
}

http_response list_answer(json::array items,
                          const std::optional<std::string>& next) {
  json::object body;
  body["items"] = std::move(items);
  if (next)
    body["next"] = *next;
  else
    body["next"] = nullptr;
  return json_answer(200, body);
}

} // namespace eventpulse

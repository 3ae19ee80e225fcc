#include "actors/control_versions.hpp"

#include <charconv>

namespace eventpulse {

http_response with_version(http_response answer, int64_t version) {
  answer.headers.emplace_back("ETag", '"' + std::to_string(version) + '"');
  return answer;
}

result<std::optional<int64_t>> wanted_version(const http_request& head) {
  if (find_header(head, "if-none-match") == "*")
    return std::optional<int64_t>{0};
  auto text = find_header(head, "if-match");
  if (text.empty() || text == "*")
    return std::optional<int64_t>{};
  if (text.size() > 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  int64_t version = 0;
  auto [end, wrong] =
      std::from_chars(text.data(), text.data() + text.size(), version);
  if (wrong != std::errc{} || end != text.data() + text.size() || version < 1)
    return failure{errc::invalid, "If-Match must be a version, such as \"3\""};
  return std::optional<int64_t>{version};
}

result<control_outcome> refuse_change(const failure& why,
                                      std::optional<int64_t> precondition) {
  if (why.code != errc::conflict || !precondition)
    return why;
  return control_outcome{
      to_http(problem_type{412, "precondition-failed",
                           "a precondition of the request does not hold"},
              why.detail)};
}

} // namespace eventpulse

#pragma once
// Versions of documents in HTTP: ETag, If-Match and If-None-Match (RFC 9110).

#include "messages/http.hpp"
#include "messages/result.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace eventpulse {

inline http_response with_version(http_response answer, int64_t version) {
  answer.headers.emplace_back("ETag", '"' + std::to_string(version) + '"');
  return answer;
}

/// If-Match: "3" is version 3; If-None-Match: * means that there must be none.
inline result<std::optional<int64_t>> wanted_version(const http_request& head) {
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

} // namespace eventpulse

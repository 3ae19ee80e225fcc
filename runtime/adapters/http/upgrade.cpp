#include "runtime/adapters/http/upgrade.hpp"

#include "messages/problem.hpp"
#include "runtime/adapters/http/syntax.hpp"
#include "runtime/core/base/hash.hpp"

#include <algorithm>

namespace eventpulse::http {

namespace {

constexpr size_t nonce_bytes = 16;

bool lists(const http_request& head, std::string_view name,
           std::string_view wanted) {
  for (const auto& [key, value] : head.headers) {
    if (!same_token(key, name))
      continue;
    const auto elements = list_elements(value);
    if (std::any_of(elements.begin(), elements.end(),
                    [&](auto element) { return same_token(element, wanted); }))
      return true;
  }
  return false;
}

/// Exactly one field, a base64 of 16 bytes.
bool has_key(const http_request& head) {
  size_t count = 0;
  std::string_view key;
  for (const auto& [name, value] : head.headers)
    if (same_token(name, "Sec-WebSocket-Key")) {
      ++count;
      key = value;
    }
  std::string nonce;
  return count == 1 && base64_decode(key, nonce) && nonce.size() == nonce_bytes;
}

http_response upgrade_required(std::string_view detail) {
  auto out = to_http(
      problem_type{426, "upgrade-required", "this route speaks WebSocket"},
      detail);
  out.headers.emplace_back("Upgrade", "websocket"); // and Connection with it
  out.headers.emplace_back("Sec-WebSocket-Version", "13");
  return out;
}

} // namespace

std::optional<http_response> check_upgrade(const http_request& head,
                                           unsigned minor) {
  if (minor == 0 || head.method != "GET" ||
      !lists(head, "Upgrade", "websocket") ||
      !lists(head, "Connection", "upgrade"))
    return upgrade_required("connect with a WebSocket client: GET with "
                            "'Connection: Upgrade' and 'Upgrade: websocket'");
  if (find_header(head, "Sec-WebSocket-Version") != "13")
    return upgrade_required("the WebSocket version spoken here is 13");
  if (!has_key(head))
    return to_http(failure{errc::malformed,
                           "Sec-WebSocket-Key is not 16 bytes in base64"});
  return std::nullopt;
}

} // namespace eventpulse::http

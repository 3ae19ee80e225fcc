#pragma once
// The target of a request (RFC 9112 section 3.2) and the value of Host (RFC
// 9110 section 7.2). Strict: only characters of RFC 3986 and whole percent
// escapes; others are answered 400 with the advice to encode them. Pure.

#include "runtime/adapters/http/violation.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace eventpulse::http {

struct request_target {
  std::string path; // "/v1/events", or "*" (OPTIONS), or an authority (CONNECT)
  std::string query; // after '?'
  /// Of an absolute-form target; it replaces Host (RFC 9112 section 3.2.2).
  std::optional<std::string> authority;
};

std::variant<request_target, violation> read_target(std::string_view method,
                                                    std::string_view target);

/// uri-host [ ":" port ], or empty where the target URI has no authority.
bool is_host(std::string_view value) noexcept;

} // namespace eventpulse::http

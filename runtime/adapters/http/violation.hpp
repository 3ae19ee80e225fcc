#pragma once
// What is wrong with a request as HTTP, with the status that RFC 9110 and 9112
// give to it. Made by the readers (request_head, request_body), answered by the
// session. After a violation the framing of the connection is not trusted.

#include <string>
#include <string_view>

namespace eventpulse::http {

struct violation {
  unsigned status = 400;
  std::string detail;

  friend bool operator==(const violation&, const violation&) = default;
};

} // namespace eventpulse::http

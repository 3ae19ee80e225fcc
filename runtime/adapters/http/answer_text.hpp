#pragma once
// An http_response as the octets of an HTTP/1.1 answer. Used by the session.
// Refuses answers that would break the framing: a status outside 200 to 599, a
// header that is no field, or one that belongs to the server (Content-Length,
// Connection, Transfer-Encoding, Date, Server); a 500 goes out in their place,
// since what an actor says must not be able to forge a second answer.

#include "messages/http.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace eventpulse::http {

struct answer_text {
  std::string head;
  std::string body; // empty where the status or HEAD forbids one
  unsigned status = 500;
};

struct answer_context {
  bool keep_alive = true;
  bool head_only = false; // the request was HEAD
  unsigned minor = 1;     // of the request
  std::chrono::system_clock::time_point now;
};

answer_text write_answer(http_response response, const answer_context& context);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string http_date(std::chrono::system_clock::time_point when);

/// "Not Found"; empty for a status that has no name here.
std::string_view reason_phrase(unsigned status) noexcept;

} // namespace eventpulse::http

#pragma once
// One HTTP exchange between a session (runtime/adapters/http) and the actor
// that answers it. The session knows sockets and HTTP; the actor knows neither.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace eventpulse {

using http_headers = std::vector<std::pair<std::string, std::string>>;

/// The head of a request. Names are as received; look up with find_header,
/// which ignores case.
struct http_request {
  std::string method; // "POST"
  std::string path;   // before '?', not percent-decoded
  std::string query;  // after '?', may be empty
  http_headers headers;
  std::string remote; // "192.0.2.1:4711"
  bool encrypted = false;
};

/// The first header of that name (case ignored), or empty.
std::string_view find_header(const http_request& head, std::string_view name);

struct http_response {
  unsigned status = 500;
  std::string content_type; // empty: no Content-Type header
  std::string body;
  http_headers headers; // besides Content-Type, -Length, Connection, Date
  bool close = false;   // end the connection after this answer
};

/// The answer to a piece of a streamed body that is not the last: read on.
/// `context` comes back with the next piece; the actor keeps nothing itself, so
/// a restarted actor goes on where the old one stopped.
struct http_continue {
  std::shared_ptr<void> context;
};

using http_reply = std::variant<http_response, http_continue>;

/// One call: a whole request, or one piece of a streamed one.
struct http_exchange {
  std::shared_ptr<const http_request> head;
  std::string body;              // whole, or this piece
  bool streamed = false;         // this is a piece
  bool last = true;              // no more pieces follow
  std::shared_ptr<void> context; // what the answer to the piece before held
  /// Called exactly once, from any thread. http_continue only answers a piece
  /// that is not the last; a response to one ends the body early.
  std::function<void(http_reply)> reply;
};

} // namespace eventpulse

#pragma once
// One WebSocket (RFC 6455) between a session (runtime/adapters/http) and the
// actor that feeds it. The session knows frames, pings and closing; the actor
// knows messages, and how many bytes of its own are not on the wire yet, which
// is what it bounds.

#include "messages/http.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace eventpulse {

/// Status codes of closing: RFC 6455 section 7.4.1, the IANA registry, and one
/// of our own (4000 to 4999 are private).
namespace close_code {
inline constexpr uint16_t normal = 1000;
inline constexpr uint16_t going_away = 1001; // the server is stopping
inline constexpr uint16_t unacceptable_data = 1003;
inline constexpr uint16_t policy = 1008; // the key counts no more
inline constexpr uint16_t internal = 1011;
inline constexpr uint16_t service_restart = 1012; // connect again, resume
inline constexpr uint16_t too_slow = 4008;        // the client does not read
} // namespace close_code

/// A message in two parts, sent as one: the first is shared by all who get it.
struct web_socket_message {
  std::shared_ptr<const std::string> head; // may be null
  std::string tail;
  bool binary = false;

  size_t size() const { return (head ? head->size() : 0) + tail.size(); }
};

/// The sending side; both calls from any thread.
class web_socket {
public:
  virtual ~web_socket() = default;

  /// Queues it. The queue has no bound of its own: whoever sends counts what
  /// is not reported as written yet.
  virtual void send(web_socket_message message) = 0;

  /// Drops what is queued, says goodbye, and ends the connection when the peer
  /// has answered or the options' closing time is over. The first call counts.
  virtual void close(uint16_t code, std::string reason) = 0;
};

/// Told from the server's threads, one call at a time; must not block or throw.
class web_socket_listener {
public:
  virtual ~web_socket_listener() = default;
  /// The handshake is done. The socket may be kept as long as one likes: it
  /// does nothing once it is closed.
  virtual void opened(std::shared_ptr<web_socket> socket) = 0;
  /// So many bytes more of messages have left for the network.
  virtual void wrote(size_t bytes) = 0;
  virtual void received(std::string message, bool binary) = 0;
  /// Last, and exactly once once the handshake was accepted. A
  /// listener whose answer came too late is only destroyed.
  virtual void closed() = 0;
};

struct web_socket_options {
  size_t message_bytes_max = 4096; // of what the client sends
  /// A peer that is silent for half of it is pinged, and cut at the end.
  std::chrono::milliseconds idle_timeout{60'000};
  /// For the handshake, and for closing from our side.
  std::chrono::milliseconds closing_timeout{10'000};
};

/// The answer that makes a WebSocket of the connection.
struct web_socket_accept {
  std::shared_ptr<web_socket_listener> listener;
  web_socket_options options;
};

using web_socket_reply = std::variant<http_response, web_socket_accept>;

/// A request whose opening handshake is in order.
struct web_socket_request {
  std::shared_ptr<const http_request> head;
  /// Called exactly once, from any thread.
  std::function<void(web_socket_reply)> reply;
};

} // namespace eventpulse

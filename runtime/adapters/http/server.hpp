#pragma once
// The HTTP/1.1 server. The application starts one, gives it a sink for
// exchanges and stops it last. It knows sockets and HTTP and nothing of actors:
// every whole request, or piece of a streamed body, is handed to the sink, and
// the answer comes back through the exchange's `reply` from any thread.
//
// A route may be a WebSocket's: then the sink of sockets decides whether it is
// let in, and the connection is counted, drained and stopped like every other.
//
// Promises: each request is answered in order and exactly once, with 504 when
// the sink does not answer in time and 503 when it drops the reply; a client
// that is slow, hostile or gone costs at most its limits and never a thread;
// memory is bounded by the options. Refuses whatever RFC 9112 lets a server
// refuse. HTTP/2 is left to a proxy in front.

#include "messages/http.hpp"
#include "messages/result.hpp"
#include "messages/web_socket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace eventpulse::http {

struct server_options {
  std::string address = "127.0.0.1"; // an IP address; "::" takes both families
  uint16_t port = 0;                 // 0: any free one, see server::port
  size_t threads = 1;

  size_t header_bytes_max = 16'384;
  size_t fields_max = 100;
  uint64_t body_bytes_max = 8 << 20; // of a buffered body without its own limit
  size_t stream_piece_bytes = 65'536;
  /// Buffered bodies of all connections together; above it answers are 503.
  uint64_t buffered_bytes_max = 256 << 20;

  size_t connections_max = 4096;
  size_t exchanges_in_flight_max = 4096;

  /// From the first octet of a head (or the accept) to its end.
  std::chrono::milliseconds header_timeout{10'000};
  /// Longest gap in a body, and its grace before the rate counts.
  std::chrono::milliseconds body_timeout{20'000};
  uint64_t body_rate_min = 500; // bytes a second on the average; 0: any
  std::chrono::milliseconds idle_timeout{60'000}; // between requests
  std::chrono::milliseconds reply_timeout{30'000};
  std::chrono::milliseconds write_timeout{30'000}; // plus body_rate_min
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds linger_timeout{2'000}; // discarding before a close

  std::string tls_certificate_file; // PEM chain; empty: no TLS
  std::string tls_key_file;
};

/// How the body of a request reaches the sink.
struct body_mode {
  bool streamed = false;
  /// 0: options.body_bytes_max where buffered, no limit where streamed.
  uint64_t bytes_max = 0;
};

/// What one answer was, for metrics and access logs.
struct request_report {
  std::string_view method; // empty where the request line could not be read
  std::string_view path;
  unsigned status = 0;
  std::chrono::nanoseconds duration{0}; // from the head to the answer's end
  uint64_t bytes_in = 0;                // of payload
  uint64_t bytes_out = 0;
};

/// Told of what happens, from the server's threads, so it must be safe to call
/// from several; must not block or throw.
struct server_observer {
  virtual ~server_observer() = default;
  virtual void connection_opened() {}
  virtual void connection_closed() {}
  virtual void connection_refused() {} // above connections_max
  virtual void request_done(const request_report&) {}
};

struct server_hooks {
  /// Gets every exchange, from the server's threads. Must not block.
  std::function<void(http_exchange)> sink;
  /// Asked once per request, when its head is read, from the server's threads.
  /// Empty: every body is buffered.
  std::function<body_mode(const http_request&)> body_mode_of;
  std::shared_ptr<server_observer> observer; // may be null
  /// Whether this is a WebSocket's route. Asked and called as the two above;
  /// what is no handshake is answered by the server. Both empty: there is none.
  std::function<bool(const http_request&)> is_socket;
  std::function<void(web_socket_request)> socket_sink;
};

struct server_core;
class listener;

class server {
public:
  /// Listens and serves, or says why it cannot.
  static result<std::unique_ptr<server>> start(server_options options,
                                               server_hooks hooks);

  /// As stop().
  ~server();

  uint16_t port() const noexcept;
  size_t connections() const noexcept;
  size_t exchanges_in_flight() const noexcept;

  /// Stops listening, closes idle connections, answers what is under way with
  /// `Connection: close`, and returns when all are closed or `patience` is
  /// over; true in the first case. Call it from no thread of the server.
  bool drain(std::chrono::milliseconds patience);

  /// Closes every connection at once and ends the threads. Replies that come
  /// later do nothing. May be called again, from no thread of the server.
  void stop();

private:
  class threads;

  explicit server(std::shared_ptr<server_core> core);

  std::shared_ptr<server_core> core_;
  std::shared_ptr<listener> listener_;
  std::unique_ptr<threads> threads_;
};

} // namespace eventpulse::http

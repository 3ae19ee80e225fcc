#pragma once
// A small blocking WebSocket client for the command line and for tests. Takes
// http:// and https:// URLs, as all of the command line does; follows no
// redirects, uses no proxy. Answers pings while it waits. One client is used by
// one thread.

#include "messages/http.hpp"
#include "messages/result.hpp"
#include "runtime/adapters/http/client.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace eventpulse::http {

struct web_socket_client_options {
  client_options connection;
  /// A server that is silent for half of it is pinged, and given up at the end.
  std::chrono::milliseconds idle_timeout{60'000};
  size_t message_bytes_max = 64 << 20;
  int receive_buffer_bytes = 0; // of the socket; 0: the system's
};

class web_socket_client {
public:
  explicit web_socket_client(web_socket_client_options options = {});
  ~web_socket_client();
  web_socket_client(web_socket_client&&) noexcept;
  web_socket_client& operator=(web_socket_client&&) noexcept;

  /// Connects and shakes hands. Where the server answers something else, that
  /// is the value; nullopt means that the socket is open. Errors: unavailable,
  /// timed_out, invalid (the URL).
  result<std::optional<client_response>> open(const std::string& url,
                                              const http_headers& headers);

  /// The next message; nullopt when there was none in time, or when the socket
  /// has ended (is_open).
  std::optional<std::string> read(std::chrono::milliseconds patience);

  bool is_open() const;
  /// Why it ended: the code of the server's close frame, 0 where there was
  /// none, and its reason or what broke.
  uint16_t close_code() const;
  const std::string& close_reason() const;

  bool send(const std::string& text);

  /// Says goodbye with 1000 and waits a moment for the answer.
  void close();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace eventpulse::http

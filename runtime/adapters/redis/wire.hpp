#pragma once
// A byte stream to one server: a unix or TCP socket, with TLS where asked for.
// Every call has a deadline and none raises SIGPIPE. hiredis 0.14 has neither
// TLS nor a way to tell how much of a request was sent, so only its parser is
// used and the socket is ours; both hiredis versions then behave alike.

#include "messages/result.hpp"
#include "runtime/adapters/redis/endpoint.hpp"

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

struct sockaddr;

namespace eventpulse::redis {

using deadline = std::chrono::steady_clock::time_point;

class tls_session;

class wire {
public:
  wire();
  ~wire();
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  /// Errors: unavailable with the reason.
  result<void> open(const endpoint& where, deadline until);
  void close();
  bool is_open() const { return fd_ >= 0; }

  /// Whether the other side closed, or sent what nobody asked for, while the
  /// connection was idle.
  bool is_stale() const;

  /// ok: all of it was handed to the system. Otherwise the end of it was not,
  /// and the wire is of no more use.
  result<void> send(std::string_view bytes, deadline until);

  /// At least one byte. timed_out: none came, and the wire can still be used.
  result<size_t> receive(std::span<char> into, deadline until);

private:
  result<void> connect_to(const ::sockaddr* address, unsigned size,
                          deadline until);
  result<void> open_unix(const endpoint& where, deadline until);
  result<void> open_tcp(const endpoint& where, deadline until);
  result<void> shake_hands(const endpoint& where, deadline until);
  result<void> send_raw(std::string_view bytes, deadline until);
  result<size_t> receive_raw(std::span<char> into, deadline until);

  int fd_ = -1;
  std::unique_ptr<tls_session> tls_;
};

} // namespace eventpulse::redis

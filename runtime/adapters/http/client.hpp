#pragma once
// A small blocking HTTP/1.1 client for the command line and for tests. Keeps
// one connection open and uses it again. Follows no redirects, uses no proxy,
// stores nothing. Deliveries to users' endpoints are not its job: those go
// through runtime/adapters/outbound, which defends against where they lead.
//
// Promises a failure that tells whether the request may have taken effect:
// outcome_unknown where something that changes state was sent and not answered;
// unavailable and timed_out where nothing has happened. One client is used by
// one thread at a time.

#include "messages/http.hpp"
#include "messages/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace eventpulse::http {

struct client_options {
  std::chrono::milliseconds connect_timeout{5'000}; // with the TLS handshake
  /// Longest time without any progress, in either direction.
  std::chrono::milliseconds answer_timeout{30'000};
  uint64_t body_bytes_max = 64 << 20; // of an answer
  std::string ca_file;                // PEM; empty: the system's certificates
};

struct client_request {
  std::string method = "GET";
  std::string url; // http://host[:port]/path?query or https://…
  http_headers headers;
  std::string body;
};

struct client_response {
  unsigned status = 0;
  http_headers headers;
  std::string body;
};

/// The first header of that name (case ignored), or empty.
std::string_view find_header(const client_response& answer,
                             std::string_view name);

/// The next piece of an upload; nullopt ends it, an empty piece is skipped. May
/// block, for example on standard input.
using piece_source = std::function<std::optional<std::string>()>;

class client {
public:
  explicit client(client_options options = {});
  ~client();
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;

  result<client_response> request(const client_request& what);

  /// Sends the pieces as chunks, as they come. An answer that arrives before
  /// the end stops the upload: it is returned and no further piece is asked
  /// for. `what.body` is not used.
  result<client_response> upload(const client_request& what,
                                 const piece_source& next);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace eventpulse::http

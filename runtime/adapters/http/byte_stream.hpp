#pragma once
// A connection as octets, plain or in TLS, so that the session exists once.
// Owned by its session, used on the session's strand only; handlers run there
// too. One read and one write may be under way at a time.

#include "runtime/adapters/http/asio.hpp"

#include <boost/asio/ssl/context.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace eventpulse::http {

class byte_stream {
public:
  using done = std::function<void(error_code, size_t)>;
  using parts = std::array<net::const_buffer, 2>;

  virtual ~byte_stream() = default;

  virtual bool encrypted() const noexcept = 0;
  virtual void handshake(done then) = 0;
  virtual void read_some(net::mutable_buffer into, done then) = 0;
  /// All of it. The memory must stay until `then`.
  virtual void write(const parts& what, done then) = 0;
  /// Tells the peer that nothing more will be sent.
  virtual void finish(done then) = 0;

  /// The socket below, to cancel, close and discard.
  virtual tcp::socket& socket() = 0;
};

std::unique_ptr<byte_stream> make_plain_stream(tcp::socket socket);
std::unique_ptr<byte_stream> make_tls_stream(tcp::socket socket,
                                             net::ssl::context& context);

/// The side of the client: demands a certificate that is valid for `host`.
std::unique_ptr<byte_stream> make_tls_client_stream(tcp::socket socket,
                                                    net::ssl::context& context,
                                                    const std::string& host);

} // namespace eventpulse::http

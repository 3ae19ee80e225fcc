#pragma once
// TLS without a socket: bytes in, bytes out (OpenSSL on memory buffers), so
// that wire keeps its deadlines and never raises SIGPIPE. TLS 1.2 at least;
// the server's name is always checked.

#include "messages/result.hpp"
#include "runtime/adapters/redis/endpoint.hpp"

#include <openssl/types.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace eventpulse::redis {

class tls_session {
public:
  /// errc::invalid where a file of the endpoint cannot be used.
  static result<std::unique_ptr<tls_session>> make(const endpoint& where);
  ~tls_session();

  /// True: done. False: send take_output(), then feed() what comes.
  result<bool> handshake();

  void feed(std::string_view sealed);
  std::string take_output();

  result<void> encrypt(std::string_view plain);
  /// 0: more must be fed first.
  result<size_t> decrypt(std::span<char> into);

private:
  tls_session(SSL_CTX* context, SSL* session);

  SSL_CTX* context_;
  SSL* session_; // owns both buffers
};

} // namespace eventpulse::redis

#include "runtime/adapters/http/tls.hpp"

#include <openssl/ssl.h>

namespace eventpulse::http {

result<std::unique_ptr<net::ssl::context>>
make_tls_context(const std::string& certificate_file,
                 const std::string& key_file) {
  auto context =
      std::make_unique<net::ssl::context>(net::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  // A client that renegotiates makes the server work for nothing.
  SSL_CTX_set_options(context->native_handle(),
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                          SSL_OP_CIPHER_SERVER_PREFERENCE);
  error_code ec;
  context->use_certificate_chain_file(certificate_file, ec);
  if (ec)
    return failure{errc::invalid, "cannot read the TLS certificate " +
                                      certificate_file + ": " + ec.message()};
  context->use_private_key_file(key_file, net::ssl::context::pem, ec);
  if (ec)
    return failure{errc::invalid,
                   "cannot read the TLS key " + key_file + ": " + ec.message()};
  if (SSL_CTX_check_private_key(context->native_handle()) != 1)
    return failure{errc::invalid, "the TLS key " + key_file +
                                      " does not belong to the certificate " +
                                      certificate_file};
  return context;
}

} // namespace eventpulse::http

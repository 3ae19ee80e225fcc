#pragma once
// The TLS settings of the server: certificate chain and key from PEM files,
// TLS 1.2 and later, no renegotiation.

#include "messages/result.hpp"
#include "runtime/adapters/http/asio.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace eventpulse::http {

result<std::unique_ptr<net::ssl::context>>
make_tls_context(const std::string& certificate_file,
                 const std::string& key_file);

} // namespace eventpulse::http

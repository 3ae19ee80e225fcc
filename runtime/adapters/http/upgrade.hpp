#pragma once
// The opening handshake of a WebSocket, read before anybody hands it on: what a
// request must have (RFC 6455 section 4.2.1), and the answer where it has not.
// Pure.

#include "messages/http.hpp"

#include <optional>

namespace eventpulse::http {

/// nullopt where the request is a handshake of version 13; else 426 with the
/// version that is spoken here, or 400. `minor` is that of HTTP/1.
std::optional<http_response> check_upgrade(const http_request& head,
                                           unsigned minor);

} // namespace eventpulse::http

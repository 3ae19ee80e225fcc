#pragma once
// From the fields of a request to how its body is framed, whether the
// connection stays and what the client waits for (RFC 9112 sections 3.2, 6 and
// 9.3, RFC 9110 section 10.1.1). Refuses whatever two readers could understand
// differently: Transfer-Encoding beside Content-Length or in HTTP/1.0,
// Content-Length given twice, Host given twice. Pure.

#include "runtime/adapters/http/request_head.hpp"

#include <optional>

namespace eventpulse::http {

/// Fills minor's dependents in `head` from its fields, or says what is wrong.
std::optional<violation> decide_framing(request_head& head);

} // namespace eventpulse::http

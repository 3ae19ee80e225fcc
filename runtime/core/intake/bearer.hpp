#pragma once
// From an Authorization header to the key that may do something.

#include "messages/api_key.hpp"
#include "messages/http.hpp"
#include "messages/result.hpp"

namespace eventpulse::intake {

/// The key of `Authorization: Bearer ep_…` (RFC 6750) if it is known, in force
/// at `now_ms` and allows `wanted`; else unauthenticated or forbidden. A key in
/// the query is not looked at: queries end up in logs.
result<api_key> authorize(const http_request& head, const key_set& keys,
                          scope wanted, int64_t now_ms);

} // namespace eventpulse::intake

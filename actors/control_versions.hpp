#pragma once
// Versions of documents in HTTP: ETag, If-Match and If-None-Match (RFC 9110),
// for every route that keeps versions.

#include "actors/control_call.hpp"

#include <cstdint>
#include <optional>

namespace eventpulse {

http_response with_version(http_response answer, int64_t version);

/// If-Match: "3" is version 3; If-None-Match: * means that there must be none.
result<std::optional<int64_t>> wanted_version(const http_request& head);

/// What a change comes to that failed: 412 where it is a precondition of the
/// request that does not hold (section 13.1.1), else the failure itself.
result<control_outcome> refuse_change(const failure& why,
                                      std::optional<int64_t> precondition);

} // namespace eventpulse

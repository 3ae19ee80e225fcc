#pragma once
// Signatures of Standard Webhooks 1.0: HMAC-SHA256 over "id.timestamp.body",
// written "v1,<base64>". A secret is "whsec_" and the base64 of 24 to 64 bytes.

#include "messages/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse {

/// The key's bytes; invalid where the text is no secret. The prefix may be
/// left out, as older receivers' tools do.
result<std::string> secret_bytes(std::string_view secret);

/// One `webhook-signature` entry. `timestamp_s` is Unix seconds.
result<std::string> signature_of(std::string_view secret, std::string_view id,
                                 int64_t timestamp_s, std::string_view body);

/// The value of `webhook-signature`: an entry a secret, newest first, so that
/// receivers may rotate.
result<std::string> signatures_of(const std::vector<std::string>& secrets,
                                  std::string_view id, int64_t timestamp_s,
                                  std::string_view body);

} // namespace eventpulse

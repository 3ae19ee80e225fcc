#pragma once
// Signatures of Standard Webhooks 1.0 over "id.timestamp.body": HMAC-SHA256
// written "v1,<base64>", or Ed25519 written "v1a,<base64>". A symmetric secret
// is "whsec_" and the base64 of 24 to 64 bytes, a signing key "whsk_" and the
// base64 of Ed25519's 64. Pure. Used by the notifier, which signs, by the
// control side, which checks and makes secrets, and by tests as the receiver.

#include "messages/http.hpp"
#include "messages/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse {

/// The key's bytes; invalid where the text is no symmetric secret. The prefix
/// may be left out, as older receivers' tools do.
result<std::string> secret_bytes(std::string_view secret);

/// "whsec_…" of 24 to 64 random bytes.
std::string make_secret(std::span<const uint8_t> random);

/// Whether signature_of can use it; invalid says why not.
result<void> check_secret(std::string_view secret);

/// One `webhook-signature` entry. `timestamp_s` is Unix seconds. The id must
/// not be empty nor hold a '.', which would let it reach into the timestamp.
result<std::string> signature_of(std::string_view secret, std::string_view id,
                                 int64_t timestamp_s, std::string_view body);

/// The value of `webhook-signature`: an entry a secret, newest first, so that
/// receivers may rotate.
result<std::string> signatures_of(const std::vector<std::string>& secrets,
                                  std::string_view id, int64_t timestamp_s,
                                  std::string_view body);

/// What a receiver does: ok where one entry is right and the timestamp is
/// within `tolerance_s` of `now_s`, both ways; otherwise unauthenticated with
/// the reason. `key` is a secret, with or without prefix and padding, of any
/// length, or "whpk_" and an Ed25519 public key. Compares in constant time.
result<void> verify_webhook(std::string_view key, const http_headers& headers,
                            std::string_view body, int64_t now_s,
                            int64_t tolerance_s = 300);

} // namespace eventpulse

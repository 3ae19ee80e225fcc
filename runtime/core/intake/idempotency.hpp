#pragma once
// The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header):
// a client that repeats a request under one key gets the same ids for its
// events, so they are kept once. Under the same key another request is refused
// where this intake remembers the first, and gets ids of its own in any case:
// nothing is taken for a repetition that is none.

#include "messages/event.hpp"
#include "messages/http.hpp"
#include "messages/result.hpp"

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace eventpulse::intake {

inline constexpr size_t idempotency_key_bytes_max = 255;
inline constexpr size_t idempotency_keys_max = 10'000; // remembered

/// nullopt where none is given. A String of RFC 8941 ("k") or, as is common, a
/// bare token (k); the two are one key. errc::malformed for two of them, for
/// what is neither, and above idempotency_key_bytes_max.
result<std::optional<std::string>> idempotency_key(const http_headers& headers);

/// The id of a request's event number `number` that gives none itself: it
/// follows from the client, its key and all that the event says.
std::string stable_id(const std::string& client, const std::string& key,
                      uint64_t number, const event_document& document);

/// What the newest keys were used for. Bounded, oldest out first.
class idempotency_keys {
public:
  explicit idempotency_keys(size_t count_max = idempotency_keys_max);

  /// False where the client used the key for a body with another fingerprint.
  bool fits(const std::string& client, const std::string& key,
            uint64_t fingerprint) const;
  /// Of a key that is remembered already, the first fingerprint stays.
  void remember(const std::string& client, const std::string& key,
                uint64_t fingerprint);

private:
  size_t count_max_;
  std::unordered_map<std::string, uint64_t> used_;
  std::deque<const std::string*> order_; // keys of used_, oldest first
};

} // namespace eventpulse::intake

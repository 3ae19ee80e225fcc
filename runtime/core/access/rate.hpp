#pragma once
// Rates of API keys: the generic cell rate algorithm (ITU-T I.371), which is a
// token bucket kept as one number a key: the time at which its bucket is full
// again. Pure: time comes in. A request is let in while there is a token, and
// what it then turns out to cost beyond that (the events of a batch) becomes a
// debt, so that no batch is too large to be sent at all.

#include "messages/api_key.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace eventpulse {

struct rate_verdict {
  bool allowed = false;
  int64_t remaining = 0; // requests that could follow at once
  int64_t wait_ms = 0;   // until the next one could; 0 where one could now
};

/// How much each key has used. Remembers at most `keys_max` keys; of what it
/// forgets first, nothing need be known: their buckets are full.
class rate_book {
public:
  explicit rate_book(size_t keys_max);

  /// One request, now.
  rate_verdict take(const std::string& key_id, const key_rate& rate,
                    int64_t now_ms);

  /// `count` more, of a request that was let in.
  void charge(const std::string& key_id, const key_rate& rate, uint64_t count,
              int64_t now_ms);

  /// What `take` would find, taking nothing. allowed: one could be taken.
  rate_verdict look(const std::string& key_id, const key_rate& rate,
                    int64_t now_ms) const;

  size_t size() const noexcept { return full_at_ns_.size(); }

private:
  int64_t& entry(const std::string& key_id, int64_t now_ns);
  void forget_some(int64_t now_ns);

  size_t keys_max_;
  std::unordered_map<std::string, int64_t> full_at_ns_;
};

/// "1m": what the API calls a window.
std::string rate_window_text(const key_rate& rate);

/// The value of `RateLimit-Policy` and of `RateLimit`
/// (draft-ietf-httpapi-ratelimit-headers-10): one policy, named "key".
std::string rate_policy_field(const key_rate& rate);
std::string rate_field(const key_rate& rate, const rate_verdict& found);

/// `wait_ms` in whole seconds, at least 1: for Retry-After and `t`.
int64_t wait_seconds(const rate_verdict& found);

} // namespace eventpulse

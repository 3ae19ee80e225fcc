#pragma once
// Who may make this request now: the key, its scope, and its rate. Intake and
// control both let requests in this way, so a key has one rate for both.

#include "messages/api_key.hpp"
#include "messages/http.hpp"
#include "runtime/core/access/rate.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/ports/clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

namespace eventpulse {

/// The process's book of rates. Thread-safe, and held for nanoseconds, so that
/// actors on all threads count a key's requests together without asking anyone.
class rate_gate {
public:
  rate_verdict take(const api_key& key, int64_t now_ms) {
    std::lock_guard lock(mutex_);
    return book_.take(key.id, *key.rate, now_ms);
  }
  void charge(const api_key& key, uint64_t count, int64_t now_ms) {
    std::lock_guard lock(mutex_);
    book_.charge(key.id, *key.rate, count, now_ms);
  }
  rate_verdict look(const api_key& key, int64_t now_ms) const {
    std::lock_guard lock(mutex_);
    return book_.look(key.id, *key.rate, now_ms);
  }

private:
  mutable std::mutex mutex_;
  rate_book book_{limits::rated_keys_max};
};

/// 401, 403 or 429 otherwise. A request that lacks the scope costs nothing.
std::variant<api_key, http_response> admit(const http_request& head,
                                           const key_set& keys, scope wanted,
                                           rate_gate& rates, int64_t now_ms);

/// The 429: Retry-After, the RateLimit fields, and a problem of the type that
/// the draft registers, quota-exceeded.
http_response over_rate(const api_key& key, const rate_verdict& found);

using reply_function = std::function<void(http_reply)>;

/// The same reply, its answers with these headers besides.
reply_function with_headers(reply_function reply, http_headers more);

/// Answers to a key that has a rate say what is then left of it.
reply_function with_rate(reply_function reply, const api_key& key,
                         std::shared_ptr<rate_gate> rates,
                         std::shared_ptr<world> surroundings);

} // namespace eventpulse

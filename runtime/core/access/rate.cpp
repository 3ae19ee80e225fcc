#include "runtime/core/access/rate.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"

#include <algorithm>

namespace eventpulse {

namespace {

constexpr int64_t ns_a_ms = 1'000'000;
constexpr int64_t ms_a_second = 1'000;

/// A token's time. At least one, so that a rate always limits.
int64_t token_ns(const key_rate& rate) {
  return std::max<int64_t>(rate.window_ms * ns_a_ms / rate.limit, 1);
}

/// An empty bucket's time to fill.
int64_t bucket_ns(const key_rate& rate) {
  return token_ns(rate) * rate.limit;
}

int64_t debt_max_ns() {
  return std::chrono::nanoseconds(limits::rate_debt_max).count();
}

rate_verdict verdict(bool allowed, int64_t full_at_ns, const key_rate& rate,
                     int64_t now_ns) {
  rate_verdict out;
  out.allowed = allowed;
  auto room = bucket_ns(rate) - std::max<int64_t>(full_at_ns - now_ns, 0);
  out.remaining = std::max<int64_t>(room / token_ns(rate), 0);
  if (out.remaining == 0)
    out.wait_ms = (token_ns(rate) - room + ns_a_ms - 1) / ns_a_ms;
  return out;
}

} // namespace

rate_book::rate_book(size_t keys_max) : keys_max_(keys_max) {}

rate_verdict rate_book::take(const std::string& key_id, const key_rate& rate,
                             int64_t now_ms) {
  auto now_ns = now_ms * ns_a_ms;
  auto& full_at = entry(key_id, now_ns);
  // A clock that was set back, or a rate that was made smaller, must not shut
  // a key out for longer than its own debt could.
  full_at = std::min(full_at, now_ns + bucket_ns(rate) + debt_max_ns());
  auto next = std::max(full_at, now_ns) + token_ns(rate);
  bool allowed = next - now_ns <= bucket_ns(rate);
  if (allowed)
    full_at = next;
  return verdict(allowed, full_at, rate, now_ns);
}

void rate_book::charge(const std::string& key_id, const key_rate& rate,
                       uint64_t count, int64_t now_ms) {
  auto now_ns = now_ms * ns_a_ms;
  auto& full_at = entry(key_id, now_ns);
  auto bound = bucket_ns(rate) + debt_max_ns();
  auto tokens_max = static_cast<uint64_t>(bound / token_ns(rate)) + 1;
  auto cost =
      static_cast<int64_t>(std::min(count, tokens_max)) * token_ns(rate);
  full_at = std::min(std::max(full_at, now_ns) + cost, now_ns + bound);
}

rate_verdict rate_book::look(const std::string& key_id, const key_rate& rate,
                             int64_t now_ms) const {
  auto now_ns = now_ms * ns_a_ms;
  auto found = full_at_ns_.find(key_id);
  auto full_at = found == full_at_ns_.end() ? now_ns : found->second;
  auto out = verdict(false, full_at, rate, now_ns);
  out.allowed = out.remaining > 0;
  return out;
}

int64_t& rate_book::entry(const std::string& key_id, int64_t now_ns) {
  auto found = full_at_ns_.find(key_id);
  if (found != full_at_ns_.end())
    return found->second;
  if (full_at_ns_.size() >= keys_max_)
    forget_some(now_ns);
  return full_at_ns_.emplace(key_id, now_ns).first->second;
}

/// Full buckets first; where there is none, the one that is full soonest.
void rate_book::forget_some(int64_t now_ns) {
  std::erase_if(full_at_ns_, [&](auto& one) { return one.second <= now_ns; });
  if (full_at_ns_.size() < keys_max_)
    return;
  full_at_ns_.erase(
      std::min_element(full_at_ns_.begin(), full_at_ns_.end(),
                       [](auto& a, auto& b) { return a.second < b.second; }));
}

std::string rate_window_text(const key_rate& rate) {
  return format_duration_ms(rate.window_ms);
}

std::string rate_policy_field(const key_rate& rate) {
  return "\"key\";q=" + std::to_string(rate.limit) +
         ";w=" + std::to_string(rate.window_ms / ms_a_second);
}

// With something left, `t` is the whole window: by then all is there again, and
// a client that spreads what is left over it stays within the rate.
std::string rate_field(const key_rate& rate, const rate_verdict& found) {
  auto t =
      found.remaining > 0 ? rate.window_ms / ms_a_second : wait_seconds(found);
  return "\"key\";r=" + std::to_string(found.remaining) +
         ";t=" + std::to_string(t);
}

int64_t wait_seconds(const rate_verdict& found) {
  return std::max<int64_t>((found.wait_ms + ms_a_second - 1) / ms_a_second, 1);
}

} // namespace eventpulse

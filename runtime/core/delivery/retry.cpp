#include "runtime/core/delivery/retry.hpp"

#include <algorithm>
#include <charconv>

namespace eventpulse {

namespace {

constexpr int64_t retry_after_max_ms = 86'400'000;
constexpr double jitter_part = 0.1;
constexpr int64_t less_factor = 2;

std::optional<std::string_view> header_of(const outbound_answer& answer,
                                          std::string_view name) {
  auto same = [&](const auto& header) {
    return std::equal(header.first.begin(), header.first.end(), name.begin(),
                      name.end(),
                      [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  };
  auto found = std::find_if(answer.headers.begin(), answer.headers.end(), same);
  if (found == answer.headers.end())
    return std::nullopt;
  return found->second;
}

} // namespace

std::optional<int64_t> retry_after_ms(std::string_view value, int64_t now_ms) {
  int64_t seconds = 0;
  auto [end, wrong] =
      std::from_chars(value.data(), value.data() + value.size(), seconds);
  std::optional<int64_t> at;
  if (!value.empty() && value.front() != '-' &&
      end == value.data() + value.size() &&
      wrong != std::errc::invalid_argument)
    at = now_ms + (wrong == std::errc{}
                       ? std::min(seconds, retry_after_max_ms / 1000) * 1000
                       : retry_after_max_ms);
  else
    at = parse_http_date_ms(value, now_ms);
  if (!at)
    return std::nullopt;
  return std::clamp(*at, now_ms, now_ms + retry_after_max_ms);
}

bool is_success(unsigned status) {
  return status >= 200 && status < 300;
}

receiver_wish wish_of(unsigned status) {
  switch (status) {
  case 410:
    return receiver_wish::no_more;
  case 429:
  case 502:
  case 504:
    return receiver_wish::less;
  default:
    return receiver_wish::nothing;
  }
}

attempt_verdict judge(const outbound_answer& answer, uint32_t number,
                      const retry_schedule& schedule, int64_t now_ms,
                      double random) {
  attempt_verdict out;
  if (is_success(answer.status)) {
    out.state = delivery_state::delivered;
    return out;
  }
  auto wish = wish_of(answer.status);
  if (wish == receiver_wish::no_more || number < 1 ||
      number >= schedule.waits.size()) {
    out.state = delivery_state::failed;
    out.disable_channel = wish == receiver_wish::no_more;
    return out;
  }
  int64_t wait = schedule.waits[number].count();
  std::optional<int64_t> allowed;
  if (auto asked = header_of(answer, "retry-after"))
    allowed = retry_after_ms(*asked, now_ms);
  if (allowed)
    // A receiver that is down for long must not use up its attempts by wishing
    // for the next one at once, as many proxies do.
    wait = std::max<int64_t>(*allowed - now_ms,
                             schedule.waits[number - 1].count());
  else if (wish == receiver_wish::less)
    wait *= less_factor;
  auto chance = jitter_part * std::clamp(random, 0.0, 1.0);
  wait += static_cast<int64_t>(static_cast<double>(wait) * chance);
  out.next_attempt_at_ms = now_ms + wait;
  return out;
}

} // namespace eventpulse

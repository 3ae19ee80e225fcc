#include "runtime/core/delivery/retry.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string>

namespace eventpulse {

namespace {

constexpr int64_t retry_after_max_ms = 86'400'000;
constexpr double jitter_part = 0.1;
constexpr unsigned status_gone = 410;

std::optional<int64_t> parse_http_date(std::string_view value) {
  // IMF-fixdate only: "Sun, 06 Nov 1994 08:49:37 GMT".
  std::tm parts{};
  std::string text(value);
  auto* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (!end || *end != '\0')
    return std::nullopt;
  return static_cast<int64_t>(timegm(&parts)) * 1000;
}

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
    at = parse_http_date(value);
  if (!at)
    return std::nullopt;
  return std::clamp(*at, now_ms, now_ms + retry_after_max_ms);
}

bool is_success(unsigned status) {
  return status >= 200 && status < 300;
}

attempt_verdict judge(const outbound_answer& answer, uint32_t number,
                      const retry_schedule& schedule, int64_t now_ms,
                      double random) {
  attempt_verdict out;
  if (is_success(answer.status)) {
    out.state = delivery_state::delivered;
    return out;
  }
  if (answer.status == status_gone) {
    out.state = delivery_state::failed;
    out.disable_channel = true;
    return out;
  }
  if (number >= schedule.waits.size()) {
    out.state = delivery_state::failed;
    return out;
  }
  auto wait = static_cast<double>(schedule.waits[number].count());
  auto at = now_ms + static_cast<int64_t>(wait * (1 + jitter_part * random));
  if (auto asked = header_of(answer, "retry-after"))
    if (auto allowed = retry_after_ms(*asked, now_ms))
      at = std::max(at, *allowed);
  out.next_attempt_at_ms = at;
  return out;
}

} // namespace eventpulse

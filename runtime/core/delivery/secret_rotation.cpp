#include "runtime/core/delivery/secret_rotation.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <optional>

namespace eventpulse {

namespace {

std::optional<int64_t> end_of(const channel& c, size_t index) {
  if (index == 0 || index > c.secret_ends_at_ms.size())
    return std::nullopt;
  return c.secret_ends_at_ms[index - 1];
}

} // namespace

std::vector<std::string> signing_secrets(const channel& c, int64_t now_ms) {
  std::vector<std::string> out;
  for (size_t i = 0; i < c.secrets.size(); ++i) {
    auto end = end_of(c, i);
    if (!end || now_ms < *end)
      out.push_back(c.secrets[i]);
  }
  return out;
}

result<void> rotate_secret(channel& c, const std::string& secret,
                           int64_t now_ms, std::chrono::milliseconds overlap) {
  auto latest = now_ms + overlap.count();
  std::vector<std::string> secrets{secret};
  std::vector<int64_t> ends;
  for (size_t i = 0; i < c.secrets.size(); ++i) {
    auto end = std::min(end_of(c, i).value_or(latest), latest);
    if (c.secrets[i] == secret || end <= now_ms)
      continue;
    secrets.push_back(c.secrets[i]);
    ends.push_back(end);
  }
  if (secrets.size() > limits::channel_secrets_max)
    return {errc::conflict,
            std::to_string(limits::channel_secrets_max) +
                " secrets sign already; the next may come when one of them "
                "ends, at " +
                format_rfc3339_ms(*std::min_element(ends.begin(), ends.end())) +
                ", or with a shorter overlap"};
  c.secrets = std::move(secrets);
  c.secret_ends_at_ms = std::move(ends);
  return {};
}

} // namespace eventpulse

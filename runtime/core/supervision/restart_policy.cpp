#include "runtime/core/supervision/restart_policy.hpp"

#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <cmath>

namespace eventpulse {

namespace {

using std::chrono::milliseconds;

// The wait before jitter, without overflow however long the row is.
milliseconds full_delay(const restart_back_off& b, uint32_t in_a_row) {
  auto delay = b.delay_min;
  for (uint32_t i = 1; i < in_a_row && delay < b.delay_max; ++i)
    delay *= 2;
  return std::min(delay, b.delay_max);
}

result<void> check(const restart_intensity& i, const restart_back_off& b) {
  if (i.restarts_max > restarts_max_max)
    return {errc::invalid, "more than 1000 restarts in a window"};
  if (i.within <= milliseconds::zero())
    return {errc::invalid, "the window of the restart intensity is empty"};
  auto waits = restart_delay_sum(b, i.restarts_max);
  if (waits >= i.within)
    return {errc::invalid, "the restart delays take " +
                               format_duration_ms(waits.count()) +
                               ", which is not less than the window of " +
                               format_duration_ms(i.within.count()) +
                               ": too many restarts would never be noticed"};
  return {};
}

} // namespace

std::string_view to_string(restart_strategy s) noexcept {
  switch (s) {
  case restart_strategy::one_for_one:
    return "one_for_one";
  case restart_strategy::one_for_all:
    return "one_for_all";
  case restart_strategy::rest_for_one:
    return "rest_for_one";
  }
  return "unknown";
}

std::string_view to_string(restart_kind k) noexcept {
  switch (k) {
  case restart_kind::permanent:
    return "permanent";
  case restart_kind::transient:
    return "transient";
  case restart_kind::temporary:
    return "temporary";
  }
  return "unknown";
}

milliseconds restart_delay(const restart_back_off& b, uint32_t in_a_row,
                           double random) {
  auto full = full_delay(b, in_a_row);
  auto less = static_cast<double>(full.count()) * b.jitter *
              std::clamp(random, 0.0, 1.0);
  return full - milliseconds{static_cast<int64_t>(less)};
}

milliseconds restart_delay_sum(const restart_back_off& b, uint32_t count) {
  milliseconds sum{0};
  for (uint32_t i = 1; i <= count; ++i)
    sum += full_delay(b, i);
  return sum;
}

result<void> check(const supervision_policy& p) {
  const auto& b = p.back_off;
  if (b.delay_min < milliseconds::zero())
    return {errc::invalid, "the least restart delay is negative"};
  if (b.delay_max < b.delay_min)
    return {errc::invalid, "the restart delays are out of order"};
  // A day keeps the sum of a thousand delays far from overflow.
  if (b.delay_max > std::chrono::hours{24})
    return {errc::invalid, "a restart delay is longer than a day"};
  if (b.healthy_after <= milliseconds::zero())
    return {errc::invalid, "a run of no length cannot be healthy"};
  if (!(b.jitter >= 0.0 && b.jitter <= 0.5))
    return {errc::invalid, "the jitter is not between 0 and 0.5"};
  return check(p.intensity, b);
}

result<void> check(const child_policy& c, const supervision_policy& p) {
  if (!c.own_intensity)
    return {};
  if (p.strategy != restart_strategy::one_for_one)
    return {errc::invalid,
            "a child has an intensity of its own only under one_for_one"};
  return check(*c.own_intensity, p.back_off);
}

} // namespace eventpulse

#pragma once
// What follows from an attempt: delivered, again at a time, or given up. Pure;
// chance comes in as an argument. Sources: Standard Webhooks 1.0,
// "Deliverability and reliability" (2xx is success and nothing else, 410
// disables the endpoint, 429, 502 and 504 ask for less); RFC 9110
// section 10.2.3 (Retry-After).

#include "messages/delivery.hpp"
#include "messages/outbound.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace eventpulse {

/// The wait before attempt 1, 2, …; after the last one a delivery has failed.
struct retry_schedule {
  std::vector<std::chrono::milliseconds> waits;
};

/// When a Retry-After value allows the next try, as Unix milliseconds: seconds
/// or an IMF-fixdate. nullopt where it is neither. At most a day from now.
std::optional<int64_t> retry_after_ms(std::string_view value, int64_t now_ms);

/// Whether the receiver took the message.
bool is_success(unsigned status);

/// Of attempt number `number` (from 1) that ended at `now_ms`. The schedule's
/// wait is lengthened to a Retry-After, and by chance (`random` in [0, 1)) up
/// to a tenth; it is never shortened.
attempt_verdict judge(const outbound_answer& answer, uint32_t number,
                      const retry_schedule& schedule, int64_t now_ms,
                      double random);

} // namespace eventpulse

#pragma once
// What follows from an attempt: delivered, again at a time, or given up. Pure;
// chance comes in as an argument. Sources: Standard Webhooks 1.0,
// "Deliverability and reliability" (2xx is success and nothing else, 410
// disables the endpoint, 429, 502 and 504 ask for less); RFC 9110
// sections 10.2.3 (Retry-After) and 5.6.7 (its dates).

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

/// Unix milliseconds of an HTTP-date in any of its three forms.
std::optional<int64_t> parse_http_date_ms(std::string_view text,
                                          int64_t now_ms);

/// When a Retry-After value allows the next try, as Unix milliseconds: seconds
/// or an HTTP-date. nullopt where it is neither. From now to a day from now.
std::optional<int64_t> retry_after_ms(std::string_view value, int64_t now_ms);

/// Whether the receiver took the message.
bool is_success(unsigned status);

/// What a status asks for besides trying again or not.
enum class receiver_wish : uint8_t {
  nothing,
  less,    // 429, 502, 504
  no_more, // 410
};
receiver_wish wish_of(unsigned status);

/// Of attempt number `number` (from 1) that ended at `now_ms`. A Retry-After
/// stands for the schedule's wait, longer or shorter, but is never shorter than
/// the wait before; without one the wait is doubled for a receiver that wishes
/// for less. Last it is lengthened, by chance (`random` in [0, 1)), by up to a
/// tenth, so that what failed together does not come again together.
attempt_verdict judge(const outbound_answer& answer, uint32_t number,
                      const retry_schedule& schedule, int64_t now_ms,
                      double random);

} // namespace eventpulse

#pragma once
// Wall-clock values as text. All times inside are UTC Unix milliseconds or
// nanoseconds; RFC 3339 is only a wire form.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eventpulse {

/// "2026-01-02T03:04:05.678Z". Times outside the years 0 to 9999, which RFC
/// 3339 cannot write, become the nearest that it can.
std::string format_rfc3339_ms(int64_t unix_ms);

/// Unix milliseconds of an RFC 3339 date-time (any offset, any number of
/// fractional digits, lower-case t and z as section 5.6 allows; a leap second
/// 60 at the end of a UTC day is read as the following second; digits below the
/// millisecond are cut off), or nullopt where the text is wrong.
std::optional<int64_t> parse_rfc3339_ms(std::string_view text);

/// "1h30m", "250ms", "10s", "2d" (units ns us ms s m h d, several may follow
/// each other, decimals allowed) to milliseconds, rounded up so that no
/// positive duration becomes none; nullopt when it is not one, is negative, or
/// overflows.
std::optional<int64_t> parse_duration_ms(std::string_view text);

/// Text that parse_duration_ms reads back, largest units first: 90'000 becomes
/// "1m30s"; 0 and less is "0s".
std::string format_duration_ms(int64_t ms);

} // namespace eventpulse

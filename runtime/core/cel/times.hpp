#pragma once
// Timestamps and durations of CEL as text and as calendar fields. The text
// forms are those of protobuf's JSON mapping (RFC 3339; "1.5s") and, for
// durations, also Go's ("1h30m"), as langdef.md has it. Pure.

#include "runtime/core/cel/value.hpp"

namespace eventpulse::cel {

inline constexpr int64_t timestamp_seconds_min = -62'135'596'800; // year 1
inline constexpr int64_t timestamp_seconds_max = 253'402'300'799; // year 9999

/// An RFC 3339 date-time, or an error (malformed, out of range).
value parse_timestamp(std::string_view text);
/// "1h30m", "-1.5s", "100ns", or an error.
value parse_duration(std::string_view text);

/// A timestamp from parts that may be out of range.
value checked_timestamp(int64_t seconds, int64_t nanos);

/// "2009-02-13T23:31:30.5Z": 0, 3, 6 or 9 fractional digits, as few as needed.
std::string timestamp_text(int64_t seconds, int32_t nanos);
/// "-1.5s".
std::string duration_text(int64_t nanoseconds);

/// A moment on some clock face.
struct calendar_fields {
  int64_t year;
  int month;       // 1..12
  int day;         // 1..31
  int day_of_week; // 0 = Sunday
  int day_of_year; // 0..365
  int hours, minutes, seconds;
};

calendar_fields calendar_of(int64_t local_seconds);
/// Days since 1970-01-01 of a proleptic Gregorian date.
int64_t days_from_civil(int64_t year, int month, int day);

} // namespace eventpulse::cel

#include "runtime/core/cel/times.hpp"

#include <array>

namespace eventpulse::cel {

namespace {

constexpr int64_t nanos_per_second = 1'000'000'000;

// Sums of several groups may pass 64 bits before they are refused.
__extension__ typedef __int128 wide;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool leap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_in(int64_t year, int month) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30,
                                     31, 31, 30, 31, 30, 31};
  return month == 2 && leap(year) ? 29 : days[static_cast<size_t>(month) - 1];
}

// Reads fixed fields from the front of a text.
class field_reader {
public:
  explicit field_reader(std::string_view text) : rest_(text) {}

  bool digits(size_t count, int& out) {
    if (rest_.size() < count)
      return false;
    out = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i]))
        return false;
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }

  bool one_of(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_[0]) == std::string_view::npos)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool fraction(int64_t& nanos) {
    size_t count = 0;
    nanos = 0;
    while (!rest_.empty() && is_digit(rest_[0]) && count < 9) {
      nanos = nanos * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
      ++count;
    }
    if (count == 0)
      return false;
    for (; count < 9; ++count)
      nanos *= 10;
    return true;
  }

  bool peek(char c) const { return !rest_.empty() && rest_[0] == c; }
  bool done() const { return rest_.empty(); }

private:
  std::string_view rest_;
};

value bad_timestamp(std::string_view text) {
  return value::error(fault::invalid_argument,
                      "not an RFC 3339 timestamp: " + quoted(text));
}

bool read_offset(field_reader& in, int64_t& offset) {
  offset = 0;
  if (in.one_of("Zz"))
    return true;
  const bool negative = in.peek('-');
  int hours = 0;
  int minutes = 0;
  if (!in.one_of("+-") || !in.digits(2, hours) || !in.one_of(":") ||
      !in.digits(2, minutes) || hours > 23 || minutes > 59)
    return false;
  offset = (negative ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

// The factor of a duration unit in nanoseconds at the front of `text`, 0 when
// there is none.
int64_t take_unit(std::string_view& text) {
  struct unit {
    std::string_view name;
    int64_t nanos;
  };
  constexpr std::array units{
      unit{"ns", 1},
      unit{"us", 1'000},
      unit{"\xc2\xb5s", 1'000}, // micro sign
      unit{"\xce\xbcs", 1'000}, // Greek mu
      unit{"ms", 1'000'000},
      unit{"s", nanos_per_second},
      unit{"m", 60 * nanos_per_second},
      unit{"h", 3600 * nanos_per_second},
  };
  for (const auto& u : units) {
    if (text.starts_with(u.name)) {
      text.remove_prefix(u.name.size());
      return u.nanos;
    }
  }
  return 0;
}

std::string padded(int64_t number, size_t width) {
  auto out = std::to_string(number);
  return out.size() >= width ? out : std::string(width - out.size(), '0') + out;
}

// ".5", ".123456", "" for 0 nanoseconds; without trailing zeros.
std::string fraction_text(int64_t nanos) {
  if (nanos == 0)
    return {};
  auto digits = padded(nanos, 9);
  while (digits.back() == '0')
    digits.pop_back();
  return "." + digits;
}

// Accumulates one "1.5h" group; false when it is malformed or overflows.
bool read_group(std::string_view& text, wide& total) {
  wide whole = 0;
  size_t digits = 0;
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1), ++digits) {
    whole = whole * 10 + (text[0] - '0');
    if (whole > INT64_MAX)
      return false;
  }
  wide fraction = 0;
  wide scale = 1;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    for (; !text.empty() && is_digit(text[0]);
         text.remove_prefix(1), ++digits) {
      if (scale < nanos_per_second * nanos_per_second) {
        fraction = fraction * 10 + (text[0] - '0');
        scale *= 10;
      }
    }
  }
  if (digits == 0)
    return false;
  const auto unit = take_unit(text);
  if (unit == 0)
    return false;
  total += whole * unit + fraction * unit / scale;
  return total <= INT64_MAX;
}

} // namespace

value checked_timestamp(int64_t seconds, int64_t nanos) {
  auto carry = nanos / nanos_per_second;
  nanos %= nanos_per_second;
  if (nanos < 0) {
    nanos += nanos_per_second;
    --carry;
  }
  if (__builtin_add_overflow(seconds, carry, &seconds) ||
      seconds < timestamp_seconds_min || seconds > timestamp_seconds_max)
    return value::error(fault::out_of_range, "timestamp");
  return value::timestamp(seconds, static_cast<int32_t>(nanos));
}

value parse_timestamp(std::string_view text) {
  field_reader in{text};
  int year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0;
  if (!in.digits(4, year) || !in.one_of("-") || !in.digits(2, month) ||
      !in.one_of("-") || !in.digits(2, day) || !in.one_of("Tt") ||
      !in.digits(2, hours) || !in.one_of(":") || !in.digits(2, minutes) ||
      !in.one_of(":") || !in.digits(2, seconds))
    return bad_timestamp(text);
  int64_t nanos = 0;
  int64_t offset = 0;
  if (in.one_of(".") && !in.fraction(nanos))
    return bad_timestamp(text);
  if (!read_offset(in, offset) || !in.done())
    return bad_timestamp(text);
  if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
      hours > 23 || minutes > 59 || seconds > 59)
    return bad_timestamp(text);
  const auto total = days_from_civil(year, month, day) * 86400 + hours * 3600 +
                     minutes * 60 + seconds - offset;
  return checked_timestamp(total, nanos);
}

value parse_duration(std::string_view text) {
  auto rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+'))
    rest.remove_prefix(1);
  if (rest == "0")
    return value::duration(0);
  wide total = 0;
  bool good = !rest.empty();
  while (good && !rest.empty())
    good = read_group(rest, total);
  if (!good)
    return value::error(total > INT64_MAX ? fault::out_of_range
                                          : fault::invalid_argument,
                        "not a duration: " + quoted(text));
  const auto nanos = static_cast<int64_t>(total);
  return value::duration(negative ? -nanos : nanos);
}

std::string timestamp_text(int64_t seconds, int32_t nanos) {
  const auto at = calendar_of(seconds);
  return padded(at.year, 4) + '-' + padded(at.month, 2) + '-' +
         padded(at.day, 2) + 'T' + padded(at.hours, 2) + ':' +
         padded(at.minutes, 2) + ':' + padded(at.seconds, 2) +
         fraction_text(nanos) + 'Z';
}

std::string duration_text(int64_t nanoseconds) {
  std::string out;
  auto seconds = nanoseconds / nanos_per_second;
  auto nanos = nanoseconds % nanos_per_second;
  if (nanoseconds < 0) {
    out = "-";
    seconds = -seconds;
    nanos = -nanos;
  }
  return out + std::to_string(seconds) + fraction_text(nanos) + 's';
}

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in
// March, so that the leap day is the last one.
int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year =
      (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

calendar_fields calendar_of(int64_t local_seconds) {
  auto days = local_seconds / 86400;
  auto rest = local_seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  const int64_t shifted = days + 719'468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 +
                               day_of_era / 36'524 - day_of_era / 146'096) /
                              365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153; // 0 = March
  calendar_fields at{};
  at.month =
      static_cast<int>(month_index < 10 ? month_index + 3 : month_index - 9);
  at.year = year_of_era + era * 400 + (at.month <= 2 ? 1 : 0);
  at.day = static_cast<int>(day_of_year - (153 * month_index + 2) / 5 + 1);
  at.day_of_week = static_cast<int>(((days % 7) + 11) % 7);
  at.day_of_year = static_cast<int>(days - days_from_civil(at.year, 1, 1));
  at.hours = static_cast<int>(rest / 3600);
  at.minutes = static_cast<int>(rest % 3600 / 60);
  at.seconds = static_cast<int>(rest % 60);
  return at;
}

} // namespace eventpulse::cel

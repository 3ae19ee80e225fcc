#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

namespace eventpulse {

namespace {

constexpr int64_t ms_per_second = 1000;
constexpr int64_t ms_per_minute = 60 * ms_per_second;
constexpr int64_t ms_per_hour = 60 * ms_per_minute;
constexpr int64_t ms_per_day = 24 * ms_per_hour;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes exactly `count` digits off the front of `text`.
bool take_digits(std::string_view& text, size_t count, int& out) {
  if (text.size() < count)
    return false;
  out = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i]))
      return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted)
    return false;
  text.remove_prefix(1);
  return true;
}

void put_digits(std::string& out, int64_t value, int width) {
  std::array<char, 20> digits;
  for (int i = width; i-- > 0; value /= 10)
    digits[static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
  out.append(digits.data(), static_cast<size_t>(width));
}

// ".123456" to milliseconds, further digits cut off; absent is 0.
bool take_fraction(std::string_view& text, int64_t& ms) {
  ms = 0;
  if (!take_char(text, '.'))
    return true;
  size_t count = 0;
  for (; count < text.size() && is_digit(text[count]); ++count)
    if (count < 3)
      ms = ms * 10 + (text[count] - '0');
  for (size_t i = count; i < 3; ++i)
    ms *= 10;
  text.remove_prefix(count);
  return count > 0;
}

// "Z" or "+hh:mm", which must be all that is left, as minutes east.
bool take_offset(std::string_view text, int64_t& minutes) {
  minutes = 0;
  if (text == "Z" || text == "z")
    return true;
  if (text.empty() || (text[0] != '+' && text[0] != '-'))
    return false;
  int64_t sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hour = 0;
  int minute = 0;
  if (!take_digits(text, 2, hour) || !take_char(text, ':') ||
      !take_digits(text, 2, minute) || !text.empty() || hour > 23 ||
      minute > 59)
    return false;
  minutes = sign * (hour * 60 + minute);
  return true;
}

struct duration_unit {
  std::string_view name;
  int64_t ns;
};

// Longer names stand before their prefixes ("ms" before "m").
constexpr std::array<duration_unit, 7> duration_units{{
    {"ns", 1},
    {"us", 1'000},
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
    {"d", 86'400'000'000'000},
}};

// A sum of milliseconds and the nanoseconds below one.
struct duration_sum {
  int64_t ms = 0;
  int64_t ns = 0; // 0 ... 999'999

  bool add_ms(int64_t more) {
    if (more > std::numeric_limits<int64_t>::max() - ms)
      return false;
    ms += more;
    return true;
  }

  bool add_ns(int64_t more) { // at most a day and a millisecond
    ns += more;
    auto carry = ns / 1'000'000;
    ns %= 1'000'000;
    return add_ms(carry);
  }

  bool add(int64_t whole, int64_t fraction_ns, int64_t unit_ns) {
    if (unit_ns < 1'000'000) {
      auto per_ms = 1'000'000 / unit_ns;
      return add_ms(whole / per_ms) && add_ns(whole % per_ms * unit_ns) &&
             add_ns(fraction_ns);
    }
    auto unit_ms = unit_ns / 1'000'000;
    return whole <= std::numeric_limits<int64_t>::max() / unit_ms &&
           add_ms(whole * unit_ms) && add_ns(fraction_ns);
  }
};

// One "1.5h" off the front of `text`.
bool take_duration_part(std::string_view& text, duration_sum& sum) {
  constexpr auto max = std::numeric_limits<int64_t>::max();
  int64_t whole = 0;
  bool has_digit = false;
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1)) {
    int digit = text[0] - '0';
    if (whole > (max - digit) / 10)
      return false;
    whole = whole * 10 + digit;
    has_digit = true;
  }
  std::string_view fraction;
  if (take_char(text, '.')) {
    size_t count = 0;
    while (count < text.size() && is_digit(text[count]))
      ++count;
    fraction = text.substr(0, count);
    text.remove_prefix(count);
  }
  if (!has_digit && fraction.empty())
    return false;
  auto unit = std::find_if(
      duration_units.begin(), duration_units.end(),
      [&](const duration_unit& u) { return text.starts_with(u.name); });
  if (unit == duration_units.end())
    return false;
  text.remove_prefix(unit->name.size());
  // Horner from the last digit, each step rounded up like the whole.
  int64_t fraction_ns = 0;
  for (size_t i = fraction.size(); i-- > 0;)
    fraction_ns = ((fraction[i] - '0') * unit->ns + fraction_ns + 9) / 10;
  return sum.add(whole, fraction_ns, unit->ns);
}

} // namespace

std::string format_rfc3339_ms(int64_t unix_ms) {
  using namespace std::chrono;
  // The four digits of RFC 3339's year bound what can be written.
  constexpr int64_t first_ms =
      sys_days{year{0} / 1 / 1}.time_since_epoch().count() * ms_per_day;
  constexpr int64_t last_ms =
      (sys_days{year{9999} / 12 / 31}.time_since_epoch().count() + 1) *
          ms_per_day -
      1;
  auto ms = std::clamp(unix_ms, first_ms, last_ms);
  auto days =
      floor<std::chrono::days>(sys_time<milliseconds>{milliseconds{ms}});
  year_month_day date{days};
  auto rest = ms - days.time_since_epoch().count() * ms_per_day;
  std::string out;
  out.reserve(24);
  put_digits(out, static_cast<int>(date.year()), 4);
  out += '-';
  put_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  put_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  put_digits(out, rest / ms_per_hour, 2);
  out += ':';
  put_digits(out, rest / ms_per_minute % 60, 2);
  out += ':';
  put_digits(out, rest / ms_per_second % 60, 2);
  out += '.';
  put_digits(out, rest % ms_per_second, 3);
  out += 'Z';
  return out;
}

std::optional<int64_t> parse_rfc3339_ms(std::string_view text) {
  using namespace std::chrono;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take_digits(text, 4, y) || !take_char(text, '-') ||
      !take_digits(text, 2, mo) || !take_char(text, '-') ||
      !take_digits(text, 2, d) || text.empty() ||
      (text[0] != 'T' && text[0] != 't'))
    return std::nullopt;
  text.remove_prefix(1);
  if (!take_digits(text, 2, h) || !take_char(text, ':') ||
      !take_digits(text, 2, mi) || !take_char(text, ':') ||
      !take_digits(text, 2, s))
    return std::nullopt;
  year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                      day{static_cast<unsigned>(d)}};
  int64_t fraction_ms = 0;
  int64_t east = 0;
  if (!date.ok() || h > 23 || mi > 59 || s > 60 ||
      !take_fraction(text, fraction_ms) || !take_offset(text, east))
    return std::nullopt;
  auto minutes = sys_days{date}.time_since_epoch().count() * int64_t{1440} +
                 h * 60 + mi - east;
  // A leap second stands only at the end of a UTC day (RFC 3339, 5.7).
  auto minute_of_day = (minutes % 1440 + 1440) % 1440;
  if (s == 60 && minute_of_day != 1439)
    return std::nullopt;
  return minutes * ms_per_minute + s * ms_per_second + fraction_ms;
}

std::optional<int64_t> parse_duration_ms(std::string_view text) {
  if (text.empty())
    return std::nullopt;
  duration_sum sum;
  while (!text.empty())
    if (!take_duration_part(text, sum))
      return std::nullopt;
  // Rounded up, so that no positive duration becomes none.
  if (sum.ns > 0 && !sum.add_ms(1))
    return std::nullopt;
  return sum.ms;
}

std::string format_duration_ms(int64_t ms) {
  if (ms <= 0)
    return "0s";
  constexpr std::array<std::pair<std::string_view, int64_t>, 5> units{{
      {"d", ms_per_day},
      {"h", ms_per_hour},
      {"m", ms_per_minute},
      {"s", ms_per_second},
      {"ms", 1},
  }};
  std::string out;
  for (auto [name, length] : units) {
    if (ms >= length) {
      out += std::to_string(ms / length);
      out += name;
      ms %= length;
    }
  }
  return out;
}

} // namespace eventpulse

// HTTP-date, RFC 9110 section 5.6.7: senders write IMF-fixdate, recipients must
// read the two obsolete forms too. Taken apart here, judged by the RFC 3339
// reader, so that there is one calendar; strptime would follow the locale.

#include "runtime/core/base/time.hpp"
#include "runtime/core/delivery/retry.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace eventpulse {

namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr",
                                                  "May", "Jun", "Jul", "Aug",
                                                  "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{
    "Monday", "Tuesday",  "Wednesday", "Thursday",
    "Friday", "Saturday", "Sunday"};

struct date_parts {
  std::string year;
  std::string_view month; // "Nov"
  std::string day;
  std::string_view clock; // "08:49:37"
};

std::optional<int64_t> to_ms(const date_parts& p) {
  auto found = std::find(months.begin(), months.end(), p.month);
  if (found == months.end())
    return std::nullopt;
  auto number = std::to_string(found - months.begin() + 1);
  if (number.size() == 1)
    number.insert(0, 1, '0');
  return parse_rfc3339_ms(p.year + '-' + number + '-' + p.day + 'T' +
                          std::string{p.clock} + 'Z');
}

/// Whether `text` begins with a weekday in full or, `size` 3, cut short.
bool takes_weekday(std::string_view& text, size_t size) {
  for (auto day : days) {
    auto name = day.substr(0, size);
    if (text.starts_with(name)) {
      text.remove_prefix(name.size());
      return true;
    }
  }
  return false;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<int64_t> parse_imf(std::string_view t) {
  if (!takes_weekday(t, 3) || t.size() != 26 || !t.starts_with(", ") ||
      !t.ends_with(" GMT") || t[4] != ' ' || t[8] != ' ' || t[13] != ' ')
    return std::nullopt;
  return to_ms({std::string{t.substr(9, 4)}, t.substr(5, 3),
                std::string{t.substr(2, 2)}, t.substr(14, 8)});
}

/// "Sunday, 06-Nov-94 08:49:37 GMT". A year that seems over 50 years ahead is
/// the last one in the past with these digits.
std::optional<int64_t> parse_rfc850(std::string_view t, int64_t now_ms) {
  if (!takes_weekday(t, std::string_view::npos) || t.size() != 24 ||
      !t.starts_with(", ") || !t.ends_with(" GMT") || t[4] != '-' ||
      t[8] != '-' || t[11] != ' ')
    return std::nullopt;
  auto this_year = std::stoi(format_rfc3339_ms(now_ms).substr(0, 4));
  auto digits = t.substr(9, 2);
  if (digits[0] < '0' || digits[0] > '9' || digits[1] < '0' || digits[1] > '9')
    return std::nullopt;
  int year = this_year / 100 * 100 + (digits[0] - '0') * 10 + digits[1] - '0';
  if (year > this_year + 50)
    year -= 100;
  auto text = std::to_string(year);
  text.insert(0, 4 - std::min<size_t>(text.size(), 4), '0');
  return to_ms(
      {text, t.substr(5, 3), std::string{t.substr(2, 2)}, t.substr(12, 8)});
}

/// "Sun Nov  6 08:49:37 1994"
std::optional<int64_t> parse_asctime(std::string_view t) {
  if (!takes_weekday(t, 3) || t.size() != 21 || t[0] != ' ' || t[4] != ' ' ||
      t[7] != ' ' || t[16] != ' ')
    return std::nullopt;
  std::string day{t.substr(5, 2)};
  if (day[0] == ' ')
    day[0] = '0';
  return to_ms(
      {std::string{t.substr(17)}, t.substr(1, 3), day, t.substr(8, 8)});
}

} // namespace

std::optional<int64_t> parse_http_date_ms(std::string_view text,
                                          int64_t now_ms) {
  if (auto ms = parse_imf(text))
    return ms;
  if (auto ms = parse_rfc850(text, now_ms))
    return ms;
  return parse_asctime(text);
}

} // namespace eventpulse

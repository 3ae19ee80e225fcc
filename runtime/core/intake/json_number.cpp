#include "runtime/core/intake/json_number.hpp"

#include <algorithm>
#include <charconv>

namespace eventpulse::intake {

namespace {

// The largest double is below 1.8e308.
constexpr int64_t exponent_max = 308;
// Far beyond the place where any exponent decides, far below overflow.
constexpr int64_t exponent_bound = 1'000'000'000;

int64_t clamped_exponent(std::string_view digits) {
  bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+'))
    digits.remove_prefix(1);
  int64_t value = 0;
  for (char c : digits)
    value = std::min(value * 10 + (c - '0'), exponent_bound);
  return negative ? -value : value;
}

} // namespace

bool is_finite_number(std::string_view number) {
  auto e = number.find_first_of("eE");
  // Most numbers end here: too short to be large without an exponent.
  if (e == std::string_view::npos &&
      number.size() <= static_cast<size_t>(exponent_max))
    return true;
  auto mantissa = number.substr(0, e);
  auto leading = mantissa.find_first_of("123456789");
  if (leading == std::string_view::npos)
    return true;
  // The power of ten of the leading digit.
  auto point = std::min(mantissa.find('.'), mantissa.size());
  auto power = leading < point ? static_cast<int64_t>(point - leading) - 1
                               : -static_cast<int64_t>(leading - point);
  if (e != std::string_view::npos)
    power += clamped_exponent(number.substr(e + 1));
  if (power != exponent_max)
    return power < exponent_max;
  double value = 0;
  auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), value);
  return error == std::errc{};
}

std::optional<int32_t> int32_of(std::string_view number) {
  int32_t value = 0;
  auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || end != number.data() + number.size())
    return std::nullopt;
  return value;
}

} // namespace eventpulse::intake

#include "runtime/core/schema/values.hpp"

#include "runtime/core/base/hash.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace eventpulse::schema {

namespace json = boost::json;

namespace {

__extension__ using wide = unsigned __int128;

constexpr double two_to_63 = 9223372036854775808.0;
constexpr double two_to_64 = 18446744073709551616.0;

/// A number as sign, digits and a power of ten: ±mantissa · 10^exponent.
struct decimal {
  uint64_t mantissa = 0;
  int exponent = 0;
};

decimal decimal_of(double magnitude) {
  std::array<char, 64> text{};
  auto end = std::to_chars(text.data(), text.data() + text.size(), magnitude,
                           std::chars_format::scientific)
                 .ptr;
  decimal out;
  bool after_point = false;
  const char* at = text.data();
  for (; at != end && *at != 'e'; ++at) {
    if (*at == '.') {
      after_point = true;
      continue;
    }
    // Shortest forms have at most 17 digits.
    out.mantissa = out.mantissa * 10 + static_cast<uint64_t>(*at - '0');
    out.exponent -= after_point;
  }
  int power = 0;
  if (at != end) {
    ++at;
    if (*at == '+')
      ++at;
    std::from_chars(at, end, power);
  }
  out.exponent += power;
  return out;
}

decimal decimal_of(const json::value& v) {
  if (auto* n = v.if_int64())
    return {*n < 0 ? 0 - static_cast<uint64_t>(*n) : static_cast<uint64_t>(*n),
            0};
  if (auto* n = v.if_uint64())
    return {*n, 0};
  return decimal_of(std::fabs(v.get_double()));
}

decimal without_zeros(decimal d) {
  while (d.mantissa != 0 && d.mantissa % 10 == 0) {
    d.mantissa /= 10;
    ++d.exponent;
  }
  return d;
}

int sign(auto a, auto b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

int compare(double a, int64_t b) {
  if (a >= two_to_63)
    return 1;
  if (a < -two_to_63)
    return -1;
  auto whole = static_cast<int64_t>(a); // toward zero
  if (whole != b)
    return sign(whole, b);
  return sign(a - static_cast<double>(whole), 0.0);
}

int compare(double a, uint64_t b) {
  if (a >= two_to_64)
    return 1;
  if (a < 0)
    return -1;
  auto whole = static_cast<uint64_t>(a);
  if (whole != b)
    return sign(whole, b);
  return sign(a - static_cast<double>(whole), 0.0);
}

uint64_t mix(uint64_t a, uint64_t b) {
  const std::array<uint64_t, 2> both{a, b};
  return xxh64({reinterpret_cast<const char*>(both.data()), sizeof both});
}

uint64_t hash_of_number(const json::value& v) {
  auto d = without_zeros(decimal_of(v));
  bool negative = (v.is_int64() && v.get_int64() < 0) ||
                  (v.is_double() && v.get_double() < 0);
  if (d.mantissa == 0)
    return 1;
  return mix(d.mantissa,
             static_cast<uint64_t>(d.exponent) * 2 + (negative ? 1 : 0));
}

} // namespace

int compare_numbers(const json::value& a, const json::value& b) {
  if (a.is_double() && b.is_double())
    return sign(a.get_double(), b.get_double());
  if (a.is_double())
    return b.is_int64() ? compare(a.get_double(), b.get_int64())
                        : compare(a.get_double(), b.get_uint64());
  if (b.is_double())
    return -compare_numbers(b, a);
  if (a.is_int64() && b.is_int64())
    return sign(a.get_int64(), b.get_int64());
  if (a.is_uint64() && b.is_uint64())
    return sign(a.get_uint64(), b.get_uint64());
  if (a.is_uint64())
    return -compare_numbers(b, a);
  return a.get_int64() < 0
             ? -1
             : sign(static_cast<uint64_t>(a.get_int64()), b.get_uint64());
}

bool is_integer(const json::value& v) {
  if (v.is_int64() || v.is_uint64())
    return true;
  return v.is_double() && std::isfinite(v.get_double()) &&
         std::trunc(v.get_double()) == v.get_double();
}

bool is_multiple(const json::value& a, const json::value& b) {
  auto top = without_zeros(decimal_of(a));
  auto bottom = without_zeros(decimal_of(b));
  if (top.mantissa == 0)
    return true;
  auto power = top.exponent - bottom.exponent;
  if (power < 0) {
    // 10^-power · bottom must divide top, which has no factor 10 left.
    for (; power < 0; ++power) {
      if (bottom.mantissa > std::numeric_limits<uint64_t>::max() / 10)
        return false;
      bottom.mantissa *= 10;
    }
    return top.mantissa % bottom.mantissa == 0;
  }
  wide rest = top.mantissa % bottom.mantissa;
  for (; power > 0 && rest != 0; --power)
    rest = rest * 10 % bottom.mantissa;
  return rest == 0;
}

bool are_equal(const json::value& a, const json::value& b,
               step_budget& budget) {
  if (!budget.take(1))
    return false;
  if (a.is_number() || b.is_number())
    return a.is_number() && b.is_number() && compare_numbers(a, b) == 0;
  if (a.kind() != b.kind())
    return false;
  switch (a.kind()) {
  case json::kind::null:
    return true;
  case json::kind::bool_:
    return a.get_bool() == b.get_bool();
  case json::kind::string:
    return budget.take(a.get_string().size() / 64) &&
           a.get_string() == b.get_string();
  case json::kind::array: {
    auto& left = a.get_array();
    auto& right = b.get_array();
    if (left.size() != right.size())
      return false;
    for (size_t i = 0; i < left.size(); ++i)
      if (!are_equal(left[i], right[i], budget))
        return false;
    return true;
  }
  case json::kind::object: {
    auto& left = a.get_object();
    auto& right = b.get_object();
    if (left.size() != right.size())
      return false;
    for (auto& [name, value] : left) {
      auto* other = right.if_contains(name);
      if (!other || !are_equal(value, *other, budget))
        return false;
    }
    return true;
  }
  case json::kind::int64:
  case json::kind::uint64:
  case json::kind::double_:
    break; // above
  }
  return false;
}

uint64_t hash_of(const json::value& v, step_budget& budget) {
  if (!budget.take(1))
    return 0;
  if (v.is_number())
    return hash_of_number(v);
  switch (v.kind()) {
  case json::kind::bool_:
    return v.get_bool() ? 3 : 2;
  case json::kind::string:
    budget.take(v.get_string().size() / 64);
    return xxh64({v.get_string().data(), v.get_string().size()});
  case json::kind::array: {
    uint64_t out = 5;
    for (auto& item : v.get_array())
      out = mix(out, hash_of(item, budget));
    return out;
  }
  case json::kind::object: {
    uint64_t out = 7; // a sum, as members have no order
    for (auto& [name, value] : v.get_object())
      out += mix(xxh64({name.data(), name.size()}), hash_of(value, budget));
    return out;
  }
  case json::kind::null:
  case json::kind::int64:
  case json::kind::uint64:
  case json::kind::double_:
    break;
  }
  return 4;
}

} // namespace eventpulse::schema

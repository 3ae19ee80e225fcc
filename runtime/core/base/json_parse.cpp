#include "runtime/core/base/json_parse.hpp"

#include "runtime/core/base/limits.hpp"

#include <algorithm>
#include <string>

namespace eventpulse {

namespace {

// An exponent of so many digits may not fit into an int.
constexpr size_t exponent_digits_max = 9;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_sign(char c) {
  return c == '+' || c == '-';
}

bool begins_number(std::string_view text, size_t at) {
  auto goes_on = [](char c) { return is_digit(c) || c == '.' || c == '-'; };
  return (is_digit(text[at]) || text[at] == '-') &&
         (at == 0 || !goes_on(text[at - 1]));
}

bool begins_exponent(std::string_view text, size_t at) {
  return (text[at] == 'e' || text[at] == 'E') && at > 0 &&
         is_digit(text[at - 1]) && at + 1 < text.size() &&
         (is_digit(text[at + 1]) || is_sign(text[at + 1]));
}

// Also true for some text in strings, which costs time only.
bool may_hold_exponents(std::string_view text) {
  for (size_t at = 1; at < text.size(); ++at)
    if (begins_exponent(text, at))
      return true;
  return false;
}

bool is_zero(std::string_view mantissa) {
  return mantissa.find_first_of("123456789") == std::string_view::npos;
}

/// From the opening quote to behind the closing one.
size_t string_end(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\')
      ++at;
  return std::min(at + 1, text.size());
}

/// The same numbers, with exponents that Boost.JSON reads right: none beside a
/// zero, and none that only a very large int holds.
std::string with_plain_exponents(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t number = 0; // where the newest one began, in `text`
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      auto end = string_end(text, at);
      out += text.substr(at, end - at);
      at = end;
      continue;
    }
    if (begins_number(text, at))
      number = at;
    if (!begins_exponent(text, at)) {
      out += text[at++];
      continue;
    }
    auto digits = at + 1 + (is_sign(text[at + 1]) ? 1 : 0);
    auto end =
        std::min(text.find_first_not_of("0123456789", digits), text.size());
    auto exponent = text.substr(at, end - at);
    auto begin = std::min(text.find_first_not_of('0', digits), end);
    if (is_zero(text.substr(number, at - number)))
      exponent = "e0";
    else if (end - begin > exponent_digits_max && text[at + 1] == '-')
      exponent = "e-999999999";
    out += exponent;
    at = end;
  }
  return out;
}

} // namespace

boost::json::value parse_kept_json(std::string_view text,
                                   boost::system::error_code& wrong,
                                   boost::json::storage_ptr memory) {
  boost::json::parse_options options;
  options.max_depth = limits::payload_depth_max + 16; // what we put around it
  if (may_hold_exponents(text))
    return boost::json::parse(with_plain_exponents(text), wrong,
                              std::move(memory), options);
  return boost::json::parse(text, wrong, std::move(memory), options);
}

boost::json::value parse_kept_json(std::string_view text) {
  boost::system::error_code wrong;
  auto out = parse_kept_json(text, wrong);
  if (wrong)
    throw boost::system::system_error(wrong);
  return out;
}

} // namespace eventpulse

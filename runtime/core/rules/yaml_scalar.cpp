#include "runtime/core/rules/yaml_scalar.hpp"

#include <charconv>
#include <optional>
#include <string_view>

namespace eventpulse {

namespace {

bool all_of(std::string_view text, bool (*wanted)(char)) {
  if (text.empty())
    return false;
  for (char c : text)
    if (!wanted(c))
      return false;
  return true;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_octal(char c) {
  return c >= '0' && c <= '7';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::optional<boost::json::value> whole(std::string_view digits, int base) {
  int64_t out = 0;
  const auto* end = digits.data() + digits.size();
  const auto [at, failed] = std::from_chars(digits.data(), end, out, base);
  if (failed != std::errc{} || at != end)
    return std::nullopt;
  return boost::json::value(out);
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  size_t i = 0, digits = 0;
  const auto count = [&] {
    const auto from = i;
    while (i < text.size() && is_digit(text[i]))
      ++i;
    return i - from;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+'))
    ++i;
  digits += count();
  if (i < text.size() && text[i] == '.') {
    ++i;
    digits += count();
  }
  if (digits == 0)
    return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+'))
      ++i;
    if (count() == 0)
      return false;
  }
  return i == text.size();
}

} // namespace

boost::json::value plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" ||
      text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE")
    return true;
  if (text == "false" || text == "False" || text == "FALSE")
    return false;
  std::string_view digits = text;
  if (digits[0] == '+')
    digits.remove_prefix(1);
  const auto unsigned_part = digits.substr(!digits.empty() && digits[0] == '-');
  if (all_of(unsigned_part, is_digit)) {
    if (auto number = whole(digits, 10))
      return *number;
  } else if (text.starts_with("0o") && all_of(text.substr(2), is_octal)) {
    if (auto number = whole(digits.substr(2), 8))
      return *number;
  } else if (text.starts_with("0x") && all_of(text.substr(2), is_hex)) {
    if (auto number = whole(digits.substr(2), 16))
      return *number;
  }
  if (is_float(text)) {
    double out = 0;
    const auto* end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, out).ec == std::errc{})
      return out;
  }
  return boost::json::value(text); // .inf and .nan too: JSON has none
}

} // namespace eventpulse

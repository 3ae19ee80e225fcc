#include "runtime/adapters/http/syntax.hpp"

#include <algorithm>

namespace eventpulse::http {

namespace {

unsigned char lower(char c) {
  return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

} // namespace

bool is_digit(unsigned char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_alpha(unsigned char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_hex_digit(unsigned char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_control(unsigned char c) noexcept {
  return (c < 0x20 && c != '\t') || c == 0x7F;
}

bool is_token_char(unsigned char c) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return is_digit(c) || is_alpha(c) ||
         marks.find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_field_value(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), is_control);
}

bool is_unreserved(unsigned char c) noexcept {
  return is_digit(c) || is_alpha(c) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

bool is_sub_delim(unsigned char c) noexcept {
  constexpr std::string_view marks = "!$&'()*+,;=";
  return marks.find(static_cast<char>(c)) != std::string_view::npos;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

bool same_token(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string_view> list_elements(std::string_view value) {
  std::vector<std::string_view> out;
  while (!value.empty()) {
    const size_t comma = std::min(value.find(','), value.size());
    if (auto element = trim(value.substr(0, comma)); !element.empty())
      out.push_back(element);
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return out;
}

std::string octet_name(unsigned char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  return std::string{"character 0x"} + digits[c >> 4] + digits[c & 15];
}

} // namespace eventpulse::http

#include "runtime/core/intake/media_type.hpp"

#include <algorithm>

namespace eventpulse::intake {

namespace {

// RFC 9110 section 5.6.2.
bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

std::string_view take_token(std::string_view& text) {
  size_t length = 0;
  while (length < text.size() && is_token_char(text[length]))
    ++length;
  auto token = text.substr(0, length);
  text.remove_prefix(length);
  return token;
}

bool take_char(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted))
    return false;
  text.remove_prefix(1);
  return true;
}

void skip_space(std::string_view& text) {
  while (text.starts_with(' ') || text.starts_with('\t'))
    text.remove_prefix(1);
}

// After the opening quote; false where the string is not closed or holds a
// control character.
bool take_quoted(std::string_view& text, std::string& out) {
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == '"')
      return true;
    if (c == '\\') {
      if (text.empty())
        return false;
      c = text.front();
      text.remove_prefix(1);
    }
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t')
      return false;
    out += c;
  }
  return false;
}

bool take_parameter(std::string_view& text, media_type& out) {
  auto name = take_token(text);
  if (name.empty() || !take_char(text, '='))
    return false;
  std::string value;
  if (take_char(text, '"')) {
    if (!take_quoted(text, value))
      return false;
  } else {
    value = take_token(text);
    if (value.empty())
      return false;
  }
  out.parameters.emplace_back(lower_case(name), std::move(value));
  return true;
}

} // namespace

std::string_view trim_space(std::string_view text) {
  skip_space(text);
  while (text.ends_with(' ') || text.ends_with('\t'))
    text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::optional<media_type> parse_media_type(std::string_view text) {
  text = trim_space(text);
  media_type out;
  out.type = lower_case(take_token(text));
  if (out.type.empty() || !take_char(text, '/'))
    return std::nullopt;
  out.subtype = lower_case(take_token(text));
  if (out.subtype.empty())
    return std::nullopt;
  skip_space(text);
  while (!text.empty()) {
    if (!take_char(text, ';'))
      return std::nullopt;
    skip_space(text);
    // RFC 9110 section 5.6.6 allows empty parameters.
    if (text.empty() || text.front() == ';')
      continue;
    if (!take_parameter(text, out))
      return std::nullopt;
    skip_space(text);
  }
  return out;
}

bool is_json(const media_type& type) {
  return type.subtype == "json" || type.subtype.ends_with("+json");
}

bool is_utf8_charset(const media_type& type) {
  return std::all_of(type.parameters.begin(), type.parameters.end(),
                     [](const auto& parameter) {
                       return parameter.first != "charset" ||
                              lower_case(parameter.second) == "utf-8";
                     });
}

} // namespace eventpulse::intake

#include "runtime/core/intake/header_value.hpp"

#include "runtime/core/intake/media_type.hpp"

namespace eventpulse::intake {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

std::optional<std::string> unquote(std::string_view value) {
  std::string out;
  bool is_quoted = false;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"')
      is_quoted = !is_quoted;
    else if (value[i] == '\\' && is_quoted && i + 1 < value.size())
      out += value[++i];
    else
      out += value[i];
  }
  if (is_quoted)
    return std::nullopt;
  return out;
}

std::string percent_decode(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (size_t i = 0; i < value.size(); ++i) {
    int high =
        value[i] == '%' && i + 2 < value.size() ? hex_value(value[i + 1]) : -1;
    int low = high >= 0 ? hex_value(value[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      out += value[i];
    }
  }
  return out;
}

} // namespace

std::optional<std::string> decode_header_value(std::string_view value) {
  auto plain = unquote(trim_space(value));
  if (!plain)
    return std::nullopt;
  return percent_decode(*plain);
}

} // namespace eventpulse::intake

#include "runtime/core/base/utf8.hpp"

#include <cstdint>

namespace eventpulse {

size_t utf8_take(std::string_view text, size_t at, char32_t& out) noexcept {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  auto left = text.size() - at;
  auto first = byte(0);
  if (first < 0x80) {
    out = first;
    return 1;
  }
  size_t length = 0;
  char32_t least = 0;
  if ((first & 0xe0) == 0xc0) {
    length = 2;
    least = 0x80;
    out = first & 0x1fu;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3;
    least = 0x800;
    out = first & 0x0fu;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4;
    least = 0x10000;
    out = first & 0x07u;
  }
  if (length == 0 || left < length)
    return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
    out = out << 6 | (byte(i) & 0x3fu);
  }
  bool is_surrogate = out >= 0xd800 && out <= 0xdfff;
  return out < least || out > 0x10ffff || is_surrogate ? 0 : length;
}

std::string_view utf8_prefix(std::string_view text, size_t size_max) noexcept {
  if (text.size() <= size_max)
    return text;
  while (size_max > 0 && (static_cast<uint8_t>(text[size_max]) & 0xc0) == 0x80)
    --size_max;
  return text.substr(0, size_max);
}

bool is_utf8(std::string_view text) noexcept {
  char32_t ignored = 0;
  for (size_t at = 0; at < text.size();) {
    auto length = utf8_take(text, at, ignored);
    if (length == 0)
      return false;
    at += length;
  }
  return true;
}

} // namespace eventpulse

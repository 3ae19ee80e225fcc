#include "runtime/core/base/json_text.hpp"

#include <cstdint>

namespace eventpulse {

namespace {

// The four hex digits at `at`, which the caller knows to be there.
char32_t hex4(std::string_view text, size_t at) {
  char32_t value = 0;
  for (size_t i = at; i < at + 4 && i < text.size(); ++i) {
    char c = text[i];
    int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value << 4 | (static_cast<char32_t>(digit) & 15);
  }
  return value;
}

char simple_escape(char c) {
  switch (c) {
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default:
    return c; // quote, backslash and slash stand for themselves
  }
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  size_t copied = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<uint8_t>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\')
      continue;
    out.append(text, copied, i - copied);
    copied = i + 1;
    switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    }
  }
  out.append(text, copied, text.size() - copied);
  out += '"';
}

std::string unescape_json_string(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  for (size_t at = 0; at < inside.size();) {
    auto stop = inside.find('\\', at);
    out.append(inside.substr(at, stop - at));
    if (stop == std::string_view::npos || stop + 1 >= inside.size())
      break;
    char c = inside[stop + 1];
    at = stop + 2;
    if (c != 'u') {
      out += simple_escape(c);
      continue;
    }
    auto unit = hex4(inside, at);
    at += 4;
    if (unit >= 0xd800 && unit <= 0xdbff && at + 6 <= inside.size()) {
      unit =
          0x10000 + ((unit - 0xd800) << 10) + (hex4(inside, at + 2) - 0xdc00);
      at += 6;
    }
    append_utf8(out, unit);
  }
  return out;
}

void append_utf8(std::string& out, char32_t c) {
  auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18 & 0x07));
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

} // namespace eventpulse

#include "runtime/core/intake/json_scan.hpp"

#include <cstring>

namespace eventpulse::intake {

namespace {

// RFC 3986 section 3.5: what a fragment may hold as it is.
bool is_fragment_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         (c != '\0' && std::strchr("-._~!$&'()*+,;=:@/?", c) != nullptr);
}

} // namespace

void append_pointer_token(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (char c : token) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
}

std::string pointer_fragment(std::string_view pointer) {
  constexpr char hex[] = "0123456789ABCDEF";
  std::string out = "#";
  for (char c : pointer) {
    if (is_fragment_char(c)) {
      out += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

} // namespace eventpulse::intake

#include "runtime/core/intake/uri.hpp"

#include <cstdint>

namespace eventpulse::intake {

namespace {

bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

constexpr std::string_view sub_delims = "!$&'()*+,;=";

// `text` is made of unreserved, sub-delims, `more` and percent-encoded bytes.
bool is_made_of(std::string_view text, std::string_view more) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
        return false;
      i += 2;
    } else if (!is_unreserved(text[i]) && !is_one_of(text[i], sub_delims) &&
               !is_one_of(text[i], more)) {
      return false;
    }
  }
  return true;
}

// "[2001:db8::1]" by its characters: groups of hex digits, colons and, for an
// embedded IPv4 address, dots; or "[v1.anything]".
bool is_ip_literal(std::string_view text) {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']')
    return false;
  text = text.substr(1, text.size() - 2);
  if (text[0] == 'v' || text[0] == 'V') {
    auto dot = text.find('.');
    return dot != std::string_view::npos && dot > 1 && dot + 1 < text.size() &&
           text.substr(1, dot - 1)
                   .find_first_not_of("0123456789abcdefABCDEF") ==
               std::string_view::npos &&
           text.find('%') == std::string_view::npos &&
           is_made_of(text.substr(dot + 1), ":");
  }
  return text.find(':') != std::string_view::npos &&
         text.find_first_not_of("0123456789abcdefABCDEF:.") ==
             std::string_view::npos;
}

bool is_authority(std::string_view text) {
  if (auto at = text.find('@'); at != std::string_view::npos) {
    if (!is_made_of(text.substr(0, at), ":"))
      return false;
    text.remove_prefix(at + 1);
  }
  // The last colon outside an address starts the port.
  auto bracket = text.rfind(']');
  auto colon = text.rfind(':');
  bool has_port = colon != std::string_view::npos &&
                  (bracket == std::string_view::npos || colon > bracket);
  if (has_port) {
    for (char c : text.substr(colon + 1))
      if (!is_digit(c))
        return false;
    text = text.substr(0, colon);
  }
  return text.starts_with('[') ? is_ip_literal(text) : is_made_of(text, "");
}

// The length of the scheme before the first ':', or 0 where there is none.
size_t scheme_length(std::string_view text) {
  if (text.empty() || !is_alpha(text[0]))
    return 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ':')
      return i;
    if (!is_alpha(text[i]) && !is_digit(text[i]) && !is_one_of(text[i], "+-."))
      return 0;
  }
  return 0;
}

// What follows "scheme:": authority, path, query, fragment.
bool is_hierarchy(std::string_view text) {
  if (auto hash = text.find('#'); hash != std::string_view::npos) {
    if (!is_made_of(text.substr(hash + 1), ":@/?"))
      return false;
    text = text.substr(0, hash);
  }
  if (auto mark = text.find('?'); mark != std::string_view::npos) {
    if (!is_made_of(text.substr(mark + 1), ":@/?"))
      return false;
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    auto slash = text.find('/');
    if (!is_authority(text.substr(0, slash)))
      return false;
    text = slash == std::string_view::npos ? "" : text.substr(slash);
  }
  return is_made_of(text, ":@/");
}

} // namespace

bool is_uri(std::string_view text) noexcept {
  auto length = scheme_length(text);
  return length > 0 && is_hierarchy(text.substr(length + 1));
}

bool is_uri_reference(std::string_view text) noexcept {
  if (scheme_length(text) > 0)
    return is_uri(text);
  // A relative path has no colon in its first segment, or that segment would
  // be a scheme.
  auto first = text.substr(0, text.find_first_of("/?#"));
  return first.find(':') == std::string_view::npos && is_hierarchy(text);
}

std::string uri_reference_of(std::string_view name) {
  if (is_uri_reference(name))
    return std::string{name};
  constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : name) {
    if (is_unreserved(c) || c == '/') {
      out += c;
    } else {
      auto byte = static_cast<uint8_t>(c);
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

} // namespace eventpulse::intake

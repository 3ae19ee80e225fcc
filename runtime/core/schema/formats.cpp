#include "runtime/core/schema/formats.hpp"

#include "runtime/core/base/time.hpp"
#include "runtime/core/intake/uri.hpp"
#include "runtime/core/schema/patterns.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace eventpulse::schema {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_date_time(std::string_view text) {
  return parse_rfc3339_ms(text).has_value();
}

bool is_date(std::string_view text) {
  return text.size() == 10 && is_date_time(std::string(text) + "T00:00:00Z");
}

bool is_time(std::string_view text) {
  // A leap second is one at the end of a UTC day only, which this day's is.
  return text.size() >= 9 && is_date_time("2016-12-31T" + std::string(text));
}

/// RFC 1123 section 2.1: labels of letters, digits and inner hyphens.
bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253)
    return false;
  while (true) {
    auto label = text.substr(0, text.find('.'));
    auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '-'; };
    if (label.empty() || label.size() > 63 || label.front() == '-' ||
        label.back() == '-' || !std::all_of(label.begin(), label.end(), fits))
      return false;
    if (label.size() == text.size())
      return true;
    text.remove_prefix(label.size() + 1);
  }
}

bool is_address(int family, std::string_view text) {
  std::array<unsigned char, 16> out{};
  std::string whole{text};
  return whole.find('\0') == whole.npos &&
         inet_pton(family, whole.c_str(), out.data()) == 1;
}

bool is_ipv4(std::string_view text) {
  return is_address(AF_INET, text);
}

bool is_ipv6(std::string_view text) {
  return is_address(AF_INET6, text);
}

/// RFC 5321 section 4.1.2 with a dot-atom before the sign; no quoted forms.
bool is_email(std::string_view text) {
  auto sign = text.rfind('@');
  if (sign == text.npos || sign == 0 || sign > 64)
    return false;
  auto local = text.substr(0, sign);
  auto domain = text.substr(sign + 1);
  auto fits = [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view{"!#$%&'*+-/=?^_`{|}~."}.find(c) !=
               std::string_view::npos;
  };
  if (local.front() == '.' || local.back() == '.' ||
      local.find("..") != local.npos ||
      !std::all_of(local.begin(), local.end(), fits))
    return false;
  if (!domain.starts_with('['))
    return is_hostname(domain);
  if (!domain.ends_with(']'))
    return false;
  auto inside = domain.substr(1, domain.size() - 2);
  return inside.starts_with("IPv6:") ? is_ipv6(inside.substr(5))
                                     : is_ipv4(inside);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36)
    return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    bool hex = is_digit(text[i]) || (text[i] >= 'a' && text[i] <= 'f') ||
               (text[i] >= 'A' && text[i] <= 'F');
    if (hyphen ? text[i] != '-' : !hex)
      return false;
  }
  return true;
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/')
    return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '~' &&
        (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')))
      return false;
  return true;
}

bool is_regex(std::string_view text) {
  return compile_pattern(text).regex != nullptr;
}

struct named_check {
  std::string_view name;
  format_check check;
};

constexpr std::array<named_check, 12> checks{
    {{"date-time", is_date_time},
     {"date", is_date},
     {"time", is_time},
     {"email", is_email},
     {"hostname", is_hostname},
     {"ipv4", is_ipv4},
     {"ipv6", is_ipv6},
     {"uri", intake::is_uri},
     {"uri-reference", intake::is_uri_reference},
     {"uuid", is_uuid},
     {"json-pointer", is_json_pointer},
     {"regex", is_regex}}};

} // namespace

format_check find_format(std::string_view name) noexcept {
  for (auto& c : checks)
    if (c.name == name)
      return c.check;
  return nullptr;
}

std::string_view format_names() noexcept {
  return "date-time, date, time, email, hostname, ipv4, ipv6, uri, "
         "uri-reference, uuid, json-pointer, regex";
}

} // namespace eventpulse::schema

#include "runtime/adapters/postgres/conninfo.hpp"

#include <string_view>

namespace eventpulse::postgres {

bool is_uri(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::string percent_encoded(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~";
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos)
      out += c;
    else
      (out += '%').append({hex[byte >> 4], hex[byte & 15]});
  }
  return out;
}

std::string with_password(const std::string& url, const std::string& password) {
  if (password.empty())
    return url;
  if (is_uri(url))
    return url + (url.find('?') == std::string::npos ? "?" : "&") +
           "password=" + percent_encoded(password);
  std::string quoted;
  for (const char c : password) {
    if (c == '\'' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return url + " password='" + quoted + "'";
}

} // namespace eventpulse::postgres

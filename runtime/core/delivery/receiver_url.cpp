#include "runtime/core/delivery/receiver_url.hpp"

#include "runtime/core/intake/uri.hpp"

#include <charconv>
#include <cstdint>

namespace eventpulse {

namespace {

constexpr size_t bytes_max = 2048;

/// What follows "http://" or "https://" up to the path; schemes are
/// case-insensitive.
bool take_scheme(std::string_view& url) {
  for (std::string_view scheme : {"http://", "https://"}) {
    size_t same = 0;
    while (same < scheme.size() && same < url.size() &&
           (url[same] == scheme[same] || (url[same] | 0x20) == scheme[same]))
      ++same;
    if (same == scheme.size()) {
      url.remove_prefix(same);
      return true;
    }
  }
  return false;
}

bool is_port(std::string_view text) {
  uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [at, wrong] = std::from_chars(text.data(), end, port);
  return wrong == std::errc{} && at == end && port > 0;
}

} // namespace

std::string_view fault_of_receiver_url(std::string_view url) {
  if (url.size() > bytes_max)
    return "must have at most 2048 bytes";
  auto rest = url;
  if (!take_scheme(rest))
    return "must be an http or https URL";
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != authority.npos)
    return "must hold no user and no password: it is shown to everybody who "
           "may see the channel; the receiver knows us by the signature";
  if (!intake::is_uri(url))
    return "must be a URL as RFC 3986 has it, such as "
           "https://example.com/hook";
  const auto bracket = authority.rfind(']');
  const auto colon =
      authority.find(':', bracket == authority.npos ? 0 : bracket);
  const auto host = authority.substr(0, colon);
  if (host.empty() || host.find('%') != host.npos)
    return "must name a host, such as https://example.com/hook";
  if (colon != authority.npos && colon + 1 < authority.size() &&
      !is_port(authority.substr(colon + 1)))
    return "must have a port from 1 to 65535, or none";
  return {};
}

} // namespace eventpulse

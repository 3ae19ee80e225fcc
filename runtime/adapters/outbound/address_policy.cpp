#include "runtime/adapters/outbound/address_policy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace eventpulse::outbound {

namespace {

constexpr unsigned v4_offset_bits = 96;

/// What is not the public internet within IPv4 and 2000::/3; of IPv6 only the
/// latter is. Ranges that carry an IPv4 address (6to4, Teredo) are closed
/// whole; IPv4-mapped addresses are judged as the IPv4 ones they are.
constexpr std::array<const char*, 22> closed{
    "0.0.0.0/8",       "10.0.0.0/8",      "100.64.0.0/10",   "127.0.0.0/8",
    "169.254.0.0/16",  "172.16.0.0/12",   "192.0.0.0/24",    "192.0.2.0/24",
    "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",  "192.168.0.0/16",
    "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4",     "240.0.0.0/4",     "2001::/23",       "2001:db8::/32",
    "2002::/16",       "3fff::/20"};

std::array<uint8_t, 16> mapped(const uint8_t* v4) {
  std::array<uint8_t, 16> out{};
  out[10] = out[11] = 0xff;
  std::copy(v4, v4 + 4, out.begin() + 12);
  return out;
}

std::optional<std::array<uint8_t, 16>> bytes_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    uint8_t raw[4];
    std::memcpy(raw, &v4.sin_addr, sizeof raw);
    return mapped(raw);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    std::array<uint8_t, 16> out{};
    std::memcpy(out.data(), &v6.sin6_addr, out.size());
    return out;
  }
  return std::nullopt;
}

} // namespace

result<address_policy::range> address_policy::parse(const std::string& text) {
  failure wrong{errc::invalid, "'" + text +
                                   "' is no address range such as "
                                   "127.0.0.0/8"};
  auto slash = text.find('/');
  auto host = text.substr(0, slash);
  range out;
  uint8_t v4[4];
  bool is_v4 = inet_pton(AF_INET, host.c_str(), v4) == 1;
  if (is_v4)
    out.bytes = mapped(v4);
  else if (inet_pton(AF_INET6, host.c_str(), out.bytes.data()) != 1)
    return wrong;
  unsigned bits = is_v4 ? 32 : 128;
  if (slash != std::string::npos) {
    auto* begin = text.data() + slash + 1;
    auto* end = text.data() + text.size();
    unsigned given = 0;
    auto [stop, error] = std::from_chars(begin, end, given);
    if (error != std::errc{} || stop != end || given > bits)
      return wrong;
    bits = given;
  }
  out.bits = is_v4 ? v4_offset_bits + bits : bits;
  return out;
}

result<address_policy>
address_policy::of(const std::vector<std::string>& allow) {
  address_policy out;
  for (auto& text : allow) {
    auto parsed = parse(text);
    if (!parsed)
      return parsed.error();
    out.open_.push_back(*parsed);
  }
  return out;
}

bool address_policy::holds(const range& r, const address_bytes& a) {
  for (unsigned bit = 0; bit < r.bits; ++bit) {
    auto mask = static_cast<uint8_t>(0x80u >> (bit % 8));
    if ((r.bytes[bit / 8] & mask) != (a[bit / 8] & mask))
      return false;
  }
  return true;
}

bool address_policy::is_public(const address_bytes& a) {
  constexpr uint8_t global_unicast = 0x20; // 2000::/3, all that is assigned
  constexpr address_bytes v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  bool is_v4 = std::equal(a.begin(), a.begin() + 12, v4_prefix.begin());
  if (!is_v4 && (a[0] & 0xe0) != global_unicast)
    return false;
  static const std::vector<range> ranges = [] {
    std::vector<range> out;
    for (auto* text : closed)
      out.push_back(parse(text).value());
    return out;
  }();
  return std::none_of(ranges.begin(), ranges.end(),
                      [&](const range& r) { return holds(r, a); });
}

bool address_policy::permits(const sockaddr* address) const {
  auto bytes = bytes_of(address);
  if (!bytes)
    return false;
  return is_public(*bytes) ||
         std::any_of(open_.begin(), open_.end(),
                     [&](const range& r) { return holds(r, *bytes); });
}

} // namespace eventpulse::outbound

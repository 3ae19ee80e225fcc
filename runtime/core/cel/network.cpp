#include "runtime/core/cel/network.hpp"

#include <cstdio>

namespace eventpulse::cel {

namespace {

using address_bytes = std::array<uint8_t, 16>;

constexpr address_bytes mapped_prefix{0, 0, 0,    0,    0, 0, 0, 0,
                                      0, 0, 0xff, 0xff, 0, 0, 0, 0};

bool is_mapped(const address_bytes& a) {
  for (size_t i = 0; i < 12; ++i)
    if (a[i] != mapped_prefix[i])
      return false;
  return true;
}

// A decimal number of 1 to 3 digits without leading zeros.
bool take_decimal(std::string_view& text, unsigned max, unsigned& out) {
  size_t count = 0;
  out = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
    out = out * 10 + static_cast<unsigned>(text[count] - '0');
    if (++count > 3)
      return false;
  }
  if (count == 0 || (count > 1 && text[0] == '0') || out > max)
    return false;
  text.remove_prefix(count);
  return true;
}

bool read_v4(std::string_view text, address_bytes& out) {
  out = mapped_prefix;
  for (size_t i = 0; i < 4; ++i) {
    unsigned part = 0;
    if (i != 0) {
      if (!text.starts_with('.'))
        return false;
      text.remove_prefix(1);
    }
    if (!take_decimal(text, 255, part))
      return false;
    out[12 + i] = static_cast<uint8_t>(part);
  }
  return text.empty();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool take_group(std::string_view& text, unsigned& out) {
  size_t count = 0;
  out = 0;
  while (count < text.size() && count < 4 && hex_digit(text[count]) >= 0)
    out = out * 16 + static_cast<unsigned>(hex_digit(text[count++]));
  text.remove_prefix(count);
  return count != 0;
}

// Groups of four hex digits; "::" once stands for all the zeros that lack, and
// the last 32 bits may be written as an IPv4 address.
bool read_v6(std::string_view text, address_bytes& out) {
  address_bytes found{};
  size_t used = 0;
  size_t gap = 17; // where "::" was
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    const auto dot = text.find('.');
    if (dot != std::string_view::npos && dot < text.find(':')) {
      address_bytes v4{};
      if (used > 12 || !read_v4(text, v4))
        return false;
      for (size_t i = 12; i < 16; ++i)
        found[used++] = v4[i];
      break;
    }
    unsigned group = 0;
    if (used == 16 || !take_group(text, group))
      return false;
    found[used++] = static_cast<uint8_t>(group >> 8);
    found[used++] = static_cast<uint8_t>(group & 0xff);
    if (text.empty())
      break;
    if (text.starts_with("::") && gap == 17) {
      gap = used;
      text.remove_prefix(2);
    } else if (text.starts_with(':') && text.size() > 1 && text[1] != ':') {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  if (gap == 17 ? used != 16 : used > 14)
    return false;
  out = {};
  const size_t head = gap == 17 ? 16 : gap;
  for (size_t i = 0; i < head; ++i)
    out[i] = found[i];
  for (size_t i = head; i < used; ++i)
    out[16 - used + i] = found[i];
  return true;
}

value refused(std::string_view what, std::string_view text,
              std::string_view why) {
  std::string detail{what};
  detail += ' ';
  detail += quoted(text.substr(0, 64));
  return value::error(fault::invalid_argument, (detail += ' ').append(why));
}

value read_address(std::string_view what, std::string_view text) {
  if (text.find('%') != std::string_view::npos)
    return refused(what, text, "with a zone is not allowed");
  address_bytes bytes{};
  if (text.find(':') == std::string_view::npos)
    return read_v4(text, bytes) ? value::ip(bytes, true)
                                : refused(what, text, "does not parse");
  if (!read_v6(text, bytes))
    return refused(what, text, "does not parse");
  if (is_mapped(bytes) && text.find('.') != std::string_view::npos)
    return refused(what, text, "is IPv4-mapped, which is not allowed");
  return value::ip(bytes, false);
}

std::string v4_text(const address_bytes& a) {
  std::string out;
  for (size_t i = 12; i < 16; ++i) {
    if (i != 12)
      out += '.';
    out += std::to_string(a[i]);
  }
  return out;
}

std::string v6_text(const address_bytes& a) {
  std::array<unsigned, 8> groups{};
  for (size_t i = 0; i < 8; ++i)
    groups[i] = static_cast<unsigned>(a[2 * i] << 8 | a[2 * i + 1]);
  size_t best = 8, best_size = 1; // the longest run of at least two zeros
  for (size_t i = 0; i < 8; ++i) {
    size_t n = 0;
    while (i + n < 8 && groups[i + n] == 0)
      ++n;
    if (n > best_size) {
      best = i;
      best_size = n;
    }
  }
  std::string out;
  for (size_t i = 0; i < 8;) {
    if (i == best) {
      out += "::";
      i += best_size;
      continue;
    }
    if (!out.empty() && out.back() != ':')
      out += ':';
    char buffer[8];
    std::snprintf(buffer, sizeof buffer, "%x", groups[i++]);
    out += buffer;
  }
  return out;
}

// Both families count from the left of the 128 bits.
unsigned absolute_prefix(const value& cidr) {
  return cidr.prefix() + (cidr.is_v4() ? 96U : 0U);
}

address_bytes masked(address_bytes a, unsigned prefix) {
  for (size_t i = 0; i < 16; ++i) {
    const auto first_bit = static_cast<unsigned>(i * 8);
    if (prefix <= first_bit)
      a[i] = 0;
    else if (prefix < first_bit + 8)
      a[i] &= static_cast<uint8_t>(0xff << (first_bit + 8 - prefix));
  }
  return a;
}

} // namespace

value parse_ip(std::string_view text) {
  return read_address("IP address", text);
}

value parse_cidr(std::string_view text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos)
    return refused("CIDR", text, "has no prefix length");
  const auto address = read_address("CIDR", text.substr(0, slash));
  if (address.is_error())
    return address;
  if (!address.is_v4() && is_mapped(address.address()))
    return refused("CIDR", text, "is IPv4-mapped, which is not allowed");
  auto rest = text.substr(slash + 1);
  unsigned prefix = 0;
  if (!take_decimal(rest, address.is_v4() ? 32 : 128, prefix) || !rest.empty())
    return refused("CIDR", text, "has a wrong prefix length");
  return value::cidr(address.address(), address.is_v4(),
                     static_cast<uint8_t>(prefix));
}

std::string ip_text(const value& ip) {
  if (ip.is_v4())
    return v4_text(ip.address());
  if (is_mapped(ip.address()))
    return "::ffff:" + v4_text(ip.address());
  return v6_text(ip.address());
}

std::string cidr_text(const value& cidr) {
  return ip_text(cidr) + '/' + std::to_string(cidr.prefix());
}

bool cidr_contains_ip(const value& cidr, const value& ip) {
  if (cidr.is_v4() != (ip.is_v4() || is_mapped(ip.address())))
    return false;
  const auto prefix = absolute_prefix(cidr);
  return masked(cidr.address(), prefix) == masked(ip.address(), prefix);
}

bool cidr_contains_cidr(const value& outer, const value& inner) {
  return outer.is_v4() == inner.is_v4() && outer.prefix() <= inner.prefix() &&
         cidr_contains_ip(outer, value::ip(inner.address(), inner.is_v4()));
}

value cidr_masked(const value& cidr) {
  return value::cidr(masked(cidr.address(), absolute_prefix(cidr)),
                     cidr.is_v4(), cidr.prefix());
}

} // namespace eventpulse::cel

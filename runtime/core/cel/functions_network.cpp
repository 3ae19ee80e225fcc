// The network extension: ip() and cidr() and what they answer.

#include "runtime/core/cel/functions.hpp"
#include "runtime/core/cel/network.hpp"

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;
using address_bytes = std::array<uint8_t, 16>;

// IPv4 in its own form or mapped into IPv6.
bool is_four(const value& ip) {
  const auto& a = ip.address();
  for (size_t i = 0; i < 10; ++i)
    if (a[i] != 0)
      return false;
  return a[10] == 0xff && a[11] == 0xff;
}

bool all_zero(const address_bytes& a, size_t from, size_t to) {
  for (size_t i = from; i < to; ++i)
    if (a[i] != 0)
      return false;
  return true;
}

bool is_unspecified(const value& ip) {
  return is_four(ip) ? all_zero(ip.address(), 12, 16)
                     : all_zero(ip.address(), 0, 16);
}

bool is_loopback(const value& ip) {
  const auto& a = ip.address();
  return is_four(ip) ? a[12] == 127 : all_zero(a, 0, 15) && a[15] == 1;
}

bool is_multicast(const value& ip) {
  const auto& a = ip.address();
  return is_four(ip) ? (a[12] & 0xf0) == 0xe0 : a[0] == 0xff;
}

bool is_link_local_multicast(const value& ip) {
  const auto& a = ip.address();
  if (is_four(ip))
    return a[12] == 224 && a[13] == 0 && a[14] == 0;
  return a[0] == 0xff && (a[1] & 0x0f) == 0x02;
}

bool is_link_local_unicast(const value& ip) {
  const auto& a = ip.address();
  if (is_four(ip))
    return a[12] == 169 && a[13] == 254;
  return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

bool is_global_unicast(const value& ip) {
  const auto& a = ip.address();
  const bool broadcast = is_four(ip) && a[12] == 255 && a[13] == 255 &&
                         a[14] == 255 && a[15] == 255;
  return !broadcast && !is_unspecified(ip) && !is_loopback(ip) &&
         !is_multicast(ip) && !is_link_local_unicast(ip);
}

using ip_test = bool (*)(const value&);

template <ip_test F>
value ask(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::ip) ? value::boolean(F(a[0]))
                                            : no_overload("ip", a);
}

// ip(string), and the address of a network as written.
value ip(call_context&, arguments a) {
  if (a.size() == 1 && a[0].is(kind::string))
    return parse_ip(a[0].text());
  if (a.size() == 1 && a[0].is(kind::cidr))
    return value::ip(a[0].address(), a[0].is_v4());
  return a.size() == 1 && a[0].is(kind::ip) ? a[0] : no_overload("ip", a);
}

value cidr(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::string) ? parse_cidr(a[0].text())
                                                : no_overload("cidr", a);
}

value is_ip(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::string)
             ? value::boolean(!parse_ip(a[0].text()).is_error())
             : no_overload("isIP", a);
}

value is_cidr(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::string)
             ? value::boolean(!parse_cidr(a[0].text()).is_error())
             : no_overload("isCIDR", a);
}

value is_canonical(call_context&, arguments a) {
  if (a.size() != 1 || !a[0].is(kind::string))
    return no_overload("ip.isCanonical", a);
  const auto parsed = parse_ip(a[0].text());
  return parsed.is_error() ? parsed
                           : value::boolean(ip_text(parsed) == a[0].text());
}

value family(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::ip)
             ? value::integer(a[0].is_v4() ? 4 : 6)
             : no_overload("family", a);
}

value prefix_length(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::cidr) ? value::integer(a[0].prefix())
                                              : no_overload("prefixLength", a);
}

value masked(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::cidr) ? cidr_masked(a[0])
                                              : no_overload("masked", a);
}

value contains_ip(call_context&, arguments a) {
  if (a.size() != 2 || !a[0].is(kind::cidr))
    return no_overload("containsIP", a);
  const auto other = a[1].is(kind::string) ? parse_ip(a[1].text()) : a[1];
  if (other.is_error())
    return other;
  return other.is(kind::ip) ? value::boolean(cidr_contains_ip(a[0], other))
                            : no_overload("containsIP", a);
}

value contains_cidr(call_context&, arguments a) {
  if (a.size() != 2 || !a[0].is(kind::cidr))
    return no_overload("containsCIDR", a);
  const auto other = a[1].is(kind::string) ? parse_cidr(a[1].text()) : a[1];
  if (other.is_error())
    return other;
  return other.is(kind::cidr) ? value::boolean(cidr_contains_cidr(a[0], other))
                              : no_overload("containsCIDR", a);
}

} // namespace

void add_network(library& to) {
  to.add_foldable("ip", ip, {"string->net.IP", ".net.CIDR->net.IP"});
  to.add_foldable("cidr", cidr, {"string->net.CIDR"});
  to.add("isIP", is_ip, {"string->bool"});
  to.add("isCIDR", is_cidr, {"string->bool"});
  to.add("ip.isCanonical", is_canonical, {"string->bool"});
  to.add("family", family, {".net.IP->int"});
  to.add("isUnspecified", ask<is_unspecified>, {".net.IP->bool"});
  to.add("isLoopback", ask<is_loopback>, {".net.IP->bool"});
  to.add("isGlobalUnicast", ask<is_global_unicast>, {".net.IP->bool"});
  to.add("isLinkLocalMulticast", ask<is_link_local_multicast>,
         {".net.IP->bool"});
  to.add("isLinkLocalUnicast", ask<is_link_local_unicast>, {".net.IP->bool"});
  to.add("prefixLength", prefix_length, {".net.CIDR->int"});
  to.add("masked", masked, {".net.CIDR->net.CIDR"});
  to.add("containsIP", contains_ip,
         {".net.CIDR,net.IP->bool", ".net.CIDR,string->bool"});
  to.add("containsCIDR", contains_cidr,
         {".net.CIDR,net.CIDR->bool", ".net.CIDR,string->bool"});
}

} // namespace eventpulse::cel

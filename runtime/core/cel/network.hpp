#pragma once
// IP addresses and networks in CIDR notation: text to value and back, and the
// questions the network extension asks. Pure; nothing is ever resolved.

#include "runtime/core/cel/value.hpp"

namespace eventpulse::cel {

/// An IPv4 or IPv6 address (RFC 4291, 2.2), or an error. Zones and dotted
/// IPv4-mapped addresses are refused.
value parse_ip(std::string_view text);
/// "10.0.0.0/8", "2001:db8::/32", or an error.
value parse_cidr(std::string_view text);
/// Canonical text (RFC 5952).
std::string ip_text(const value& ip);
std::string cidr_text(const value& cidr);

bool cidr_contains_ip(const value& cidr, const value& ip);
bool cidr_contains_cidr(const value& outer, const value& inner);
/// The network with its host bits zero.
value cidr_masked(const value& cidr);

} // namespace eventpulse::cel

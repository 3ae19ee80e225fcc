#pragma once
// Which addresses may be dialled: the public ones (IANA special-purpose address
// registries, RFC 6890), and the ranges an operator opens. Judged on the
// address itself, after name resolution, so no spelling of a host gets past.

#include "messages/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

struct sockaddr;

namespace eventpulse::outbound {

class address_policy {
public:
  /// errc::invalid names the range that cannot be read.
  static result<address_policy> of(const std::vector<std::string>& allow);

  bool permits(const sockaddr* address) const;

private:
  /// An IPv6 range; IPv4 stands as ::ffff:a.b.c.d.
  struct range {
    std::array<uint8_t, 16> bytes{};
    unsigned bits = 0;
  };
  using address_bytes = std::array<uint8_t, 16>;

  static bool holds(const range& r, const address_bytes& a);
  static result<range> parse(const std::string& text);
  static bool is_public(const address_bytes& a);

  std::vector<range> open_;
};

} // namespace eventpulse::outbound

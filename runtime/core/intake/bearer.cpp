#include "runtime/core/intake/bearer.hpp"

#include "runtime/core/base/hash.hpp"

#include <algorithm>

namespace eventpulse::intake {

namespace {

constexpr std::string_view scheme = "bearer ";

bool is_bearer(std::string_view header) {
  return header.size() > scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), header.begin(),
                    [](char a, char b) {
                      return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
                    });
}

} // namespace

result<api_key> authorize(const http_request& head, const key_set& keys,
                          scope wanted, int64_t now_ms) {
  auto header = find_header(head, "authorization");
  if (!is_bearer(header))
    return failure{errc::unauthenticated,
                   "send 'Authorization: Bearer ep_…' with an API key"};
  // Looking up the hash leaks nothing by its timing about the key's text.
  auto found = keys.by_hash.find(sha256_hex(header.substr(scheme.size())));
  if (found == keys.by_hash.end())
    return failure{errc::unauthenticated, "the API key is not known"};
  auto& key = found->second;
  if (key.revoked_at_ms)
    return failure{errc::unauthenticated, "the API key was revoked"};
  if (key.expires_at_ms && *key.expires_at_ms <= now_ms)
    return failure{errc::unauthenticated, "the API key has expired"};
  if (!key.allows(wanted, now_ms))
    return failure{errc::forbidden, "the API key '" + key.name +
                                        "' lacks the scope " +
                                        std::string(to_string(wanted))};
  return key;
}

} // namespace eventpulse::intake

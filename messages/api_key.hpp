#pragma once
// API keys: `ep_` + 32 random bytes in base62, kept as a hash.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace eventpulse {

enum class scope : uint8_t {
  events_write,
  events_read,
  rules_write,
  rules_read,
  alerts_write,
  alerts_read,
  admin, // holds every other
};

std::string_view to_string(scope s) noexcept; // "events:write"
std::optional<scope> parse_scope(std::string_view text) noexcept;

struct api_key {
  std::string id;   // UUIDv7
  std::string name; // unique; the default `source` of plain events
  std::string hash; // lower-case hex SHA-256 of the key's text
  std::vector<scope> scopes;
  int64_t created_at_ms = 0;
  std::optional<int64_t> expires_at_ms;
  std::optional<int64_t> revoked_at_ms;

  bool allows(scope wanted, int64_t now_ms) const noexcept;
};

/// Every key by hash, as of one version.
struct key_set {
  int64_t version = 0;
  std::unordered_map<std::string, api_key> by_hash;
};

using key_set_ptr = std::shared_ptr<const key_set>;

} // namespace eventpulse

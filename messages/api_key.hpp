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

/// A token bucket: `limit` requests at once, and as many again a window. An
/// event of a batch counts as a request of its own. Of each intake process.
struct key_rate {
  int64_t limit = 0;     // 1 … limits::rate_max
  int64_t window_ms = 0; // whole seconds, up to limits::rate_window_max

  friend bool operator==(const key_rate&, const key_rate&) = default;
};

struct api_key {
  std::string id;   // UUIDv7
  std::string name; // unique; the default `source` of plain events
  std::string hash; // lower-case hex SHA-256 of the key's text
  std::vector<scope> scopes;
  int64_t created_at_ms = 0;
  std::optional<int64_t> expires_at_ms;
  std::optional<int64_t> revoked_at_ms;
  std::optional<key_rate> rate = {}; // none: as fast as it likes

  bool allows(scope wanted, int64_t now_ms) const noexcept;
};

/// Every key by hash, as of one version.
struct key_set {
  int64_t version = 0;
  std::unordered_map<std::string, api_key> by_hash;
};

using key_set_ptr = std::shared_ptr<const key_set>;

} // namespace eventpulse

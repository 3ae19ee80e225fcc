#pragma once
// API keys: the truth in PostgreSQL, a mirror in Redis so that intake knows its
// keys while PostgreSQL is down and after its own restart.

#include "messages/api_key.hpp"
#include "messages/audit.hpp"
#include "messages/result.hpp"

#include <string>
#include <vector>

namespace eventpulse {

class key_store {
public:
  virtual ~key_store() = default;
  /// errc::conflict: a key of that name that is not revoked exists.
  virtual result<void> add(const api_key& key, const caller& by) = 0;
  /// The first time counts; again changes nothing.
  virtual result<void> revoke(const std::string& id, int64_t now_ms,
                              const caller& by) = 0;
  virtual result<key_set> load() = 0;
};

class key_mirror {
public:
  virtual ~key_mirror() = default;
  /// Keeps the newer version, whoever writes.
  virtual result<void> store(const key_set& keys) = 0;
  virtual result<key_set> load() = 0;
};

} // namespace eventpulse

#pragma once
// Leases with epochs, on the store's clock. Take-over raises the epoch, which
// waits for the old owner's writers and then ends their right to write; where
// they do not end within the lock time, their sessions are terminated.

#include "messages/lease.hpp"
#include "messages/result.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace eventpulse {

class lease_store {
public:
  virtual ~lease_store() = default;

  /// The token when the lease was free or expired and is now ours; nullopt when
  /// somebody else holds it.
  virtual result<std::optional<lease_token>>
  acquire(const std::string& name, const std::string& owner,
          std::chrono::milliseconds ttl) = 0;

  /// errc::fenced when the epoch is no longer ours.
  virtual result<void> renew(const lease_token& token,
                             std::chrono::milliseconds ttl) = 0;

  /// Lets it expire now; harmless when it is not ours any more.
  virtual result<void> release(const lease_token& token) = 0;
};

} // namespace eventpulse

#pragma once
// What a service manager wants to be told, by the protocol of sd_notify(3): one
// datagram to the socket in NOTIFY_SOCKET. Without that variable nothing is
// said. Used by the long-running processes.

#include <chrono>
#include <optional>
#include <string>

namespace eventpulse {

class service_notice {
public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of this process.
  static service_notice of_environment();

  /// `socket`: a path, or "@name" for an abstract one; empty: nobody listens.
  explicit service_notice(std::string socket = {})
      : socket_(std::move(socket)) {}

  /// "READY=1", "STOPPING=1", "WATCHDOG=1". Lost where it cannot be sent.
  void tell(const std::string& what) const;

  /// How often WATCHDOG=1 is to be told: half of what the manager allows.
  std::optional<std::chrono::milliseconds> watchdog_interval;

private:
  std::string socket_;
};

} // namespace eventpulse

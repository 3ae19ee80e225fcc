#pragma once
// What goes out, by libcurl: one thread with one multi handle. Used by the
// notifiers through runtime/ports/sender.hpp. Promises: every request is
// answered exactly once, also when the sender is destroyed; memory and
// connections are bounded by the options; one slow host holds at most its own
// share; the address really dialled is judged (address_policy.hpp), so a name
// that changes its address gets nowhere. Refuses: redirects (a 3xx is an
// answer), proxies of the environment, every scheme but http and https, and
// reading more of an answer than its cap.

#include "messages/result.hpp"
#include "runtime/ports/sender.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse::outbound {

struct options {
  /// Address ranges ("127.0.0.0/8", "fd00::/8") that are open besides the
  /// public ones.
  std::vector<std::string> allow;
  std::chrono::milliseconds connect_timeout{5'000};
  /// Requests that wait for their turn; beyond it one is answered as refused.
  /// One that waits longer than its own timeout is answered too.
  size_t waiting_max = 10'000;
  long connections_max = 256; // requests under way
  long connections_per_host_max = 16;
  std::string user_agent = "EventPulse"; // where a request has none
  /// File of certificate authorities; empty: the system's.
  std::string ca_file;
};

/// errc::invalid where a range cannot be read.
result<std::shared_ptr<sender>> make_sender(const options& o);

} // namespace eventpulse::outbound

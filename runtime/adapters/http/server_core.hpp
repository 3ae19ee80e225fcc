#pragma once
// What the listener and all sessions of one server share: options, hooks, the
// io_context, counters of what is bounded, and the register of sessions by
// which drain and stop reach them. Sessions own it together, so that a late
// reply never meets a dead io_context.

#include "runtime/adapters/http/asio.hpp"
#include "runtime/adapters/http/server.hpp"
#include "runtime/adapters/http/tls.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace eventpulse::http {

class session;

struct server_core {
  server_core(server_options given, server_hooks wanted)
      : options(std::move(given)), hooks(std::move(wanted)),
        io(static_cast<int>(options.threads)) {}

  const server_options options;
  const server_hooks hooks;
  net::io_context io;
  std::unique_ptr<net::ssl::context> tls; // null: plain

  std::atomic<bool> draining{false};
  std::atomic<bool> stopped{false};
  std::atomic<size_t> exchanges{0};
  std::atomic<uint64_t> buffered_bytes{0};

  /// The number of sessions that serve, and of those that only refuse.
  std::atomic<size_t> serving{0};
  std::atomic<size_t> refusing{0};

  void enter(const std::shared_ptr<session>& who);
  void leave(const session* who) noexcept;

  /// Those that live now.
  std::vector<std::shared_ptr<session>> sessions();

  /// Whether all are gone before `patience` is over.
  bool wait_until_empty(std::chrono::milliseconds patience);

private:
  std::mutex mutex_;
  std::condition_variable left_;
  std::unordered_map<const session*, std::weak_ptr<session>> sessions_;
};

} // namespace eventpulse::http

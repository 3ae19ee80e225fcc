#pragma once
// A server on a free port whose sink is the test: exchanges are kept until the
// test takes them, or answered at once.

#include "runtime/adapters/http/server.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>

namespace test {

using namespace std::chrono_literals;
using eventpulse::http_continue;
using eventpulse::http_exchange;
using eventpulse::http_reply;
using eventpulse::http_request;
using eventpulse::http_response;
using eventpulse::http::body_mode;
using eventpulse::http::server;
using eventpulse::http::server_hooks;
using eventpulse::http::server_options;

inline http_response text(unsigned status, std::string body) {
  http_response out;
  out.status = status;
  out.content_type = "text/plain";
  out.body = std::move(body);
  return out;
}

/// Exchanges that wait for the test. Outlives its server.
class inbox {
public:
  void put(http_exchange call) {
    const std::lock_guard lock{mutex_};
    calls_.push_back(std::move(call));
    ++count_;
    came_.notify_all();
  }

  /// The next one; throws after the deadline.
  http_exchange take(std::chrono::milliseconds patience = 10s) {
    std::unique_lock lock{mutex_};
    if (!came_.wait_for(lock, patience, [this] { return !calls_.empty(); }))
      throw std::runtime_error("no request came");
    auto out = std::move(calls_.front());
    calls_.pop_front();
    return out;
  }

  size_t count() {
    const std::lock_guard lock{mutex_};
    return count_;
  }

private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<http_exchange> calls_;
  size_t count_ = 0;
};

inline std::unique_ptr<server> start(server_options options,
                                     server_hooks hooks) {
  options.threads = 2; // so that a race between two can show
  auto out = server::start(std::move(options), std::move(hooks));
  if (!out)
    throw std::runtime_error(to_string(out.error()));
  return std::move(*out);
}

inline std::unique_ptr<server> start(server_options options, inbox& box) {
  server_hooks hooks;
  hooks.sink = [&box](http_exchange call) { box.put(std::move(call)); };
  hooks.body_mode_of = [](const http_request& head) {
    body_mode out;
    out.streamed = head.path == "/stream";
    return out;
  };
  return start(std::move(options), std::move(hooks));
}

/// Answers every exchange with 200 and the method, path and body size.
inline void answer_at_once(http_exchange call) {
  call.reply(text(200, call.head->method + ' ' + call.head->path + ' ' +
                           std::to_string(call.body.size())));
}

} // namespace test

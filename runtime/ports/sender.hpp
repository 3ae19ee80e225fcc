#pragma once
// What goes out: one HTTP request to somebody else's server.

#include "messages/http.hpp"
#include "messages/outbound.hpp"
#include "messages/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace eventpulse {

struct outbound_request {
  std::string method = "POST";
  std::string url;
  http_headers headers;
  std::string body;
  std::chrono::milliseconds timeout{20'000};
};

/// Thread-safe. `done` is called exactly once, from the sender's own thread,
/// also when it is stopped (status 0).
class sender {
public:
  virtual ~sender() = default;
  virtual void send(outbound_request request,
                    std::function<void(outbound_answer)> done) = 0;
};

} // namespace eventpulse

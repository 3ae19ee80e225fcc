#pragma once
// What came back of a request that we sent.

#include "messages/http.hpp"

#include <chrono>
#include <string>

namespace eventpulse {

struct outbound_answer {
  unsigned status = 0; // 0: no HTTP answer, see error
  bool sent = true;    // false: it never got its turn, which is no attempt
  std::string error;
  http_headers headers;
  std::string body_excerpt;
  std::chrono::milliseconds duration{0};
};

} // namespace eventpulse

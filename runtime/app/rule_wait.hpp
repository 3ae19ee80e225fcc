#pragma once
// Whether a rule that was just published is evaluated. Used by the commands
// that publish.

#include "runtime/app/api_client.hpp"

#include <string>

namespace eventpulse {

struct live_answer {
  std::string state; // as the rule's status has it, or "unknown"
  int code = 0;      // an exit code
  std::string why;   // it is not live; with a code that is not ok
};

/// Waits at most five seconds. A rule that is off is where it should be.
live_answer wait_until_live(api_client& api, const std::string& rule);

} // namespace eventpulse

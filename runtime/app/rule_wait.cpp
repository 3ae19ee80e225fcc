#include "runtime/app/rule_wait.hpp"

#include "runtime/app/api_command.hpp"

namespace eventpulse {

live_answer wait_until_live(api_client& api, const std::string& rule) {
  auto status = api.call("GET", "/v1/rules/" + percent_encode(rule) +
                                    "/status?wait=active");
  if (!status)
    return {"unknown", exit_code_of(status.error().code),
            "its state is not known: " + status.error().detail};
  auto state = text_of(*status, "state");
  if (state == "active" || state == "off")
    return {state, exit_code::ok, {}};
  if (state == "degraded")
    return {state, exit_code::failed,
            "its evaluator fails: " + text_of(*status, "last_error")};
  return {state, exit_code::unavailable,
          "not live yet (" + state +
              "); is a worker running? `eventpulse "
              "rules status " +
              rule + " --wait` waits on"};
}

} // namespace eventpulse

#pragma once
// Whether a rule's `when` holds for one event, and which group it falls into:
// the question that an evaluator asks, asked again afterwards. Pure.

#include "messages/event.hpp"
#include "runtime/core/rules/compile.hpp"

#include <optional>
#include <string>

namespace eventpulse {

struct event_match {
  bool holds = false;
  std::string group_json; // JSON array; empty where it does not hold
  std::string error;      // of `when` or `group_by`; then it does not hold
};

event_match match_event(const compiled_rule& rule, const event& e);

} // namespace eventpulse

#pragma once
// The state of a rule's evaluator as bytes, a row a group.

#include "messages/position.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace eventpulse {

struct snapshot_group {
  std::string group_key; // unique within the rule
  std::string bytes;     // by core/engine, versioned
};

/// A whole snapshot, or (`full` false) what changed since the one before.
struct rule_snapshot {
  std::string rule;
  std::string fingerprint; // of what the state depends on in the document
  int32_t engine_version = 0;
  cursor at; // everything up to here is in the state
  bool full = false;
  std::vector<snapshot_group> groups;
  std::vector<std::string> removed; // group keys; only when not full
};

} // namespace eventpulse

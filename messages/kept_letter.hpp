#pragma once
// A dead letter as it is kept and handled: what it is, what is known of a
// refused request, and what became of it.

#include "messages/dead_letter.hpp"
#include "messages/problem.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

/// Of a letter of kind "request"; empty for others.
struct request_facts {
  std::vector<problem_item> errors; // what was wrong, and where
  std::string event_type;           // where it could be read
  std::string event_id;             // the one it had or was given
  std::string key_id;
  std::string key_name;
  uint64_t bytes = 0; // as received; more than are kept: it was cut short
};

enum class letter_state : uint8_t { pending, replayed, discarded };

struct kept_letter {
  dead_letter what;
  request_facts facts = {};
  letter_state state = letter_state::pending;
  uint32_t attempts = 0;       // to replay it that failed
  std::string last_error = {}; // of the last of them
  std::optional<int64_t> settled_at_ms = {};
  std::string settled_by = {}; // a key's name
};

} // namespace eventpulse

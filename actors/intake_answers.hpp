#pragma once
// The bodies of intake's answers; see schema/openapi for their contract.

#include "messages/http.hpp"
#include "messages/position.hpp"
#include "messages/problem.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace eventpulse {

struct accepted_item {
  uint64_t index = 0;
  std::string source;
  std::string id;
  position where;
  bool duplicate = false;
};

struct rejected_item {
  uint64_t index = 0;
  problem why;
};

/// 202 for one new event, 200 for one that is remembered.
http_response one_accepted(const accepted_item& item);

/// 202, or 422 where nothing was accepted and something was rejected. Items in
/// any order; they are listed by index.
http_response many_answered(uint64_t accepted, uint64_t rejected,
                            const std::vector<accepted_item>& items,
                            const std::vector<rejected_item>& refused);

/// A problem that ended it: what was sent but not decided is named, so that it
/// can be repeated under the same ids. `next_line` for NDJSON, else 0.
http_response not_added(http_response out,
                        const std::vector<accepted_item>& items,
                        uint64_t next_line);

} // namespace eventpulse

#pragma once
// What every list by time has: from, to, limit, and a cursor to go on after.

#include "actors/control_call.hpp"

#include <optional>
#include <string>
#include <utility>

namespace eventpulse {

struct list_range {
  std::optional<int64_t> from_ms, to_ms;
  std::optional<std::pair<int64_t, std::string>> before;
  size_t limit = 0;
};

result<list_range> read_range(const control_call& call);

failure bad_cursor();

/// "<ms>_<rest>".
std::string join_cursor(int64_t ms, const std::string& rest);

/// A parameter that is "true" or "false"; nullopt when absent.
result<std::optional<bool>> read_flag(const control_call& call,
                                      std::string_view name);

} // namespace eventpulse

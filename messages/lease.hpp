#pragma once
// The right to write for a partition ("p0") or for evaluation ("evaluation").

#include <cstdint>
#include <string>

namespace eventpulse {

/// A held lease. The epoch grows with every take-over and fences every write.
struct lease_token {
  std::string name;
  int64_t epoch = 0;
  friend bool operator==(const lease_token&, const lease_token&) = default;
};

} // namespace eventpulse

#pragma once
// Wall-clock time and randomness, as dependencies. Thread-safe.

#include <array>
#include <cstdint>
#include <string>

namespace eventpulse {

class world {
public:
  virtual ~world() = default;
  virtual int64_t now_ms() = 0; // Unix milliseconds
  virtual void random(void* bytes, size_t count) = 0;
};

} // namespace eventpulse

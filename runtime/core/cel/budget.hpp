#pragma once
// How much work one evaluation may do. Every instruction costs a step, work
// that depends on the size of data costs more. When it is used up the
// evaluation ends in an error that nothing absorbs, so no expression can stall
// whoever evaluates it.

#include "runtime/core/base/limits.hpp"

#include <cstdint>

namespace eventpulse::cel {

struct budget {
  uint64_t left = limits::cel_steps_default;

  /// False when it is used up.
  bool spend(uint64_t steps) noexcept {
    if (steps >= left) {
      left = 0;
      return false;
    }
    left -= steps;
    return true;
  }
  bool used_up() const noexcept { return left == 0; }
};

} // namespace eventpulse::cel

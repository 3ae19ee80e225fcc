#pragma once
// The real clock and the kernel's random numbers.

#include "runtime/ports/clock.hpp"

#include <memory>

namespace eventpulse {

std::shared_ptr<world> system_world();

} // namespace eventpulse

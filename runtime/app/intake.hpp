#pragma once
// The intake process: HTTP in front, its small supervision tree behind.

#include "runtime/app/settings.hpp"

namespace eventpulse {

/// Runs until a signal; gives the exit status.
int run_intake(const settings& s);

} // namespace eventpulse

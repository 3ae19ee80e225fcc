#pragma once
// The worker process: its supervision tree on real adapters.

#include "runtime/app/settings.hpp"

#include <string>

namespace eventpulse {

/// Runs until a signal; gives the exit status. `ready_file` (may be empty) is
/// written once evaluation is live.
int run_worker(const settings& s, const std::string& ready_file);

} // namespace eventpulse

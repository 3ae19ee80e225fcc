#pragma once
// The directory actor; see messages/protocols/directory.hpp. It stands directly
// under the root and holds the bearers weakly: it never keeps an actor alive.

#include "messages/protocols/directory.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <caf/actor_system.hpp>
#include <caf/fwd.hpp>

namespace eventpulse {

directory_actor spawn_directory(caf::actor_system& system,
                                metrics* meters = nullptr);

} // namespace eventpulse

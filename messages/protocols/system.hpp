#pragma once
// The actor that says how its process stands.

#include "messages/protocols/atoms.hpp"

#include <caf/actor.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace eventpulse {

using system_reporter_actor = caf::typed_actor<
    /// Makes the report and publishes it (to itself, at intervals).
    caf::reacts_to<house_atom>,
    /// A new supervisor of what the leases guard, whose tree stands under the
    /// lease_keeper.
    caf::reacts_to<found_atom, std::string, caf::actor>>;

} // namespace eventpulse

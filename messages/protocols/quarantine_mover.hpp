#pragma once
// The actor that brings refused input from Redis into the table.

#include "messages/protocols/atoms.hpp"

#include <caf/typed_actor.hpp>

namespace eventpulse {

using quarantine_mover_actor = caf::typed_actor<
    /// Moves what there is, and comes back (to itself, at intervals).
    caf::reacts_to<sweep_atom>>;

} // namespace eventpulse

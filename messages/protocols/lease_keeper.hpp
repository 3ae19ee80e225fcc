#pragma once
// The actor that holds the worker's leases and what they guard.

#include "messages/protocols/atoms.hpp"

#include <caf/typed_actor.hpp>

namespace eventpulse {

using lease_keeper_actor = caf::typed_actor<
    /// A write was fenced, or the start: acquires or renews now.
    caf::reacts_to<renew_atom>,
    /// The same (to itself, at intervals).
    caf::reacts_to<house_atom>>;

} // namespace eventpulse

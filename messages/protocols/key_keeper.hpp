#pragma once
// The actor that knows the API keys, with and without PostgreSQL.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/unsafe.hpp"

#include <caf/actor.hpp>
#include <caf/typed_actor.hpp>

namespace eventpulse {

using key_keeper_actor = caf::typed_actor<
    /// Reads the keys again, now and at intervals (to itself).
    caf::reacts_to<load_atom>,
    /// A key was made or revoked: reads them now. The reply says that every
    /// follower was told.
    caf::replies_to<hint_atom>::with<caf::ok_atom>,
    /// Sends (keys, set) to this actor now and on every change.
    caf::reacts_to<follow_atom, caf::actor>>;

} // namespace eventpulse

#pragma once
// The directory: which actor bears a name now. It outlives every restart below
// the root, so whoever talks across the tree follows a name and is told of each
// new bearer.

#include "messages/protocols/atoms.hpp"

#include <caf/actor.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace eventpulse {

using directory_actor = caf::typed_actor<
    /// From now on the name is borne by this actor; its followers are told.
    caf::reacts_to<announce_atom, std::string, caf::actor>,
    /// Tells the follower the present bearer, if any, and every later one, by
    /// (found, name, bearer). Ends with the follower.
    caf::reacts_to<follow_atom, std::string, caf::actor>>;

/// What a follower understands.
using directory_follower =
    caf::typed_actor<caf::reacts_to<found_atom, std::string, caf::actor>>;

} // namespace eventpulse

#pragma once
// The actor that removes what has been kept for long enough.

#include "messages/protocols/atoms.hpp"

#include <caf/typed_actor.hpp>

namespace eventpulse {

using retention_actor = caf::typed_actor<
    /// One bounded removal of a sweep (to itself); the next follows at once
    /// while there is more, and a new sweep begins at intervals.
    caf::reacts_to<sweep_atom>>;

} // namespace eventpulse

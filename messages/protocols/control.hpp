#pragma once
// The actor that answers the control routes.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/schema_keeper.hpp"
#include "messages/protocols/unsafe.hpp"

#include <caf/typed_actor.hpp>

namespace eventpulse {

using control_actor = caf::typed_actor<
    /// A whole request; answered through its reply functor.
    caf::reacts_to<http_exchange>,
    /// The keys that count from now on.
    caf::reacts_to<keys_atom, key_set_ptr>,
    /// The schemas of event types that hold from now on.
    caf::reacts_to<types_atom, schema::event_schemas_ptr>,
    /// A new stream_writer, key_keeper or schema_keeper.
    caf::reacts_to<found_atom, std::string, caf::actor>,
    /// Adds entries for rows that have none (to itself, at intervals).
    caf::reacts_to<sweep_atom>>;

} // namespace eventpulse

#pragma once
// The actor that knows the schemas of event types, with and without PostgreSQL.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/unsafe.hpp"
#include "runtime/core/schema/event_schemas.hpp"

#include <caf/actor.hpp>
#include <caf/typed_actor.hpp>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::schema::event_schemas_ptr)

namespace eventpulse {

using types_atom = caf::atom_constant<caf::atom("types")>;

using schema_keeper_actor = caf::typed_actor<
    /// Looks for a new generation, now and at intervals (to itself).
    caf::reacts_to<load_atom>,
    /// A schema was put or deleted: reads them now. The reply says that every
    /// follower was told.
    caf::replies_to<hint_atom>::with<caf::ok_atom>,
    /// Sends (types, schemas) to this actor now and on every change.
    caf::reacts_to<follow_atom, caf::actor>>;

} // namespace eventpulse

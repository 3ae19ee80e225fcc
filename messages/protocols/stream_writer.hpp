#pragma once
// The actor between intake and the stream.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/unsafe.hpp"

#include <caf/typed_actor.hpp>

namespace eventpulse {

using stream_writer_actor = caf::typed_actor<
    /// Adds all entries or none; more than limits::append_batch_max go in
    /// pieces, and outcome_unknown says that only the first are there. The
    /// reply, receipts in order, promises that Redis has answered: they are in
    /// the stream, as durable as it is. An entry whose identity this writer
    /// remembers is not added again; its receipt holds the first position.
    /// Errors as log_appender::append.
    caf::replies_to<append_atom, append_entries>::with<append_receipts>,
    /// Keeps refused input in the capped stream, best effort, no answer.
    caf::reacts_to<quarantine_atom, append_entries>,
    /// Whether append would be taken now.
    caf::replies_to<probe_atom>::with<caf::ok_atom>,
    /// Sends what has gathered (to itself).
    caf::reacts_to<flush_atom>>;

} // namespace eventpulse

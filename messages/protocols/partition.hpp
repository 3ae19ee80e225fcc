#pragma once
// The actors of one partition: reader, persister and the one that waits.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/unsafe.hpp"

#include <caf/typed_actor.hpp>

namespace eventpulse {

using partition_reader_actor = caf::typed_actor<
    /// Reads on as far as credit goes (to itself).
    caf::reacts_to<pump_atom>,
    /// Trims, counts, publishes the bound (to itself, each second).
    caf::reacts_to<house_atom>,
    /// A wish for a batch whose clock is at or after this Unix millisecond,
    /// without waiting for an event to come.
    caf::reacts_to<clock_atom, int64_t>,
    /// A new rule_router: what it has not answered is sent again.
    caf::reacts_to<found_atom, std::string, caf::actor>>;

using persister_actor = caf::typed_actor<
    /// The partition's tail and clock.
    caf::replies_to<load_atom>::with<partition_state_ptr>,
    /// The reply promises COMMIT: what is handled may be acknowledged.
    /// Answered in the order asked, after as many tries as it takes; only
    /// fenced is an error.
    caf::replies_to<persist_atom, log_read_ptr>::with<persisted_read_ptr>,
    /// Tries the oldest again (to itself).
    caf::reacts_to<retry_atom>,
    /// Makes the day partitions ahead (to itself, at intervals).
    caf::reacts_to<house_atom>>;

using stream_waiter_actor = caf::typed_actor<
    /// Answers when there is something after the position, or (false) when the
    /// time in milliseconds has run out.
    caf::replies_to<wait_atom, position, uint32_t>::with<bool>>;

} // namespace eventpulse

#pragma once
// The actors that deliver.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/unsafe.hpp"

#include <caf/typed_actor.hpp>

namespace eventpulse {

using notifier_actor = caf::typed_actor<
    /// These deliveries were committed just now, leased to this worker.
    caf::reacts_to<wake_atom, text_list>,
    /// Looks for what is due and nobody woke for (to itself, at intervals).
    caf::reacts_to<sweep_atom>,
    /// The sender's answer for a delivery.
    caf::reacts_to<answer_atom, std::string, outbound_answer_ptr>>;

using ledger_actor = caf::typed_actor<
    /// Due deliveries of a channel kind, at most so many, leased.
    caf::replies_to<claim_atom, std::string, uint32_t>::with<due_deliveries>,
    /// The named ones, leased to this worker since their commit.
    caf::replies_to<take_atom, text_list>::with<due_deliveries>,
    /// The reply promises COMMIT: the attempts count.
    caf::replies_to<record_atom, recorded_attempts>::with<caf::ok_atom>,
    /// Gives leases back.
    caf::reacts_to<release_atom, text_list>,
    /// Commits what has gathered (to itself).
    caf::reacts_to<flush_atom>>;

} // namespace eventpulse

#pragma once
// The actors that decide: router, evaluators, recorder, and what they ask.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/unsafe.hpp"

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/typed_actor.hpp>

namespace eventpulse {

using evaluator_actor = caf::typed_actor<
    /// Takes rule and memory; the first message of every incarnation. The reply
    /// says from where it goes on, or corrupt:
    /// the state cannot be read by this engine or is of another rule.
    caf::replies_to<begin_atom, evaluator_start_ptr>::with<step_outcome_ptr>,
    /// One step. Steps are answered in the order sent.
    caf::replies_to<eval_atom, step_ptr>::with<step_outcome_ptr>,
    /// A version of the same state: goes on with what it has.
    caf::replies_to<replace_atom, compiled_rule_ptr,
                    cursor>::with<step_outcome_ptr>,
    /// The state: whole (true), or what changed since the last one (false).
    caf::replies_to<snapshot_atom, bool>::with<rule_snapshot_ptr>,
    /// Resolves what is open, for this reason, at this Unix millisecond.
    caf::replies_to<close_atom, std::string, int64_t>::with<step_outcome_ptr>>;

using rule_router_actor = caf::typed_actor<
    /// A committed and acknowledged batch; the reply gives the credit back.
    caf::replies_to<batch_atom, persisted_batch_ptr>::with<caf::ok_atom>,
    /// A new incarnation, an end, or the parking of an evaluator.
    caf::reacts_to<up_atom, std::string, uint64_t, caf::actor>,
    caf::reacts_to<down_atom, std::string, uint64_t, caf::error>,
    caf::reacts_to<parked_atom, std::string, caf::error>,
    /// A new partition_reader (for clocks).
    caf::reacts_to<found_atom, std::string, caf::actor>,
    /// Commits the cursor, wishes a clock (to itself, at intervals).
    caf::reacts_to<house_atom>,
    /// Takes snapshots (to itself, at intervals).
    caf::reacts_to<snapshot_atom>>;

using alert_recorder_actor = caf::typed_actor<
    /// The reply promises COMMIT. Answered in the order asked; only fenced is
    /// an error, everything else is tried again.
    caf::replies_to<record_atom, outcome_commit_ptr>::with<caf::ok_atom>,
    /// Saves snapshots after what was recorded before.
    caf::replies_to<snapshot_atom, rule_snapshots>::with<caf::ok_atom>,
    /// Commits what has gathered (to itself).
    caf::reacts_to<flush_atom>,
    /// A new notifier to wake.
    caf::reacts_to<found_atom, std::string, caf::actor>>;

using history_reader_actor = caf::typed_actor<
    /// Cursors, and the rules in force at the global one or at their own.
    caf::replies_to<load_atom>::with<evaluation_state_ptr>,
    /// Events and controls after the key, at most so many.
    caf::replies_to<read_atom, order_key, uint32_t>::with<history_page_ptr>,
    /// A rule's snapshot, and its alerts that are open.
    caf::replies_to<snapshot_atom, std::string>::with<rule_memory_ptr>>;

using rule_catalog_actor = caf::typed_actor<
    /// The compiled form, from the cache or made now. Error: invalid, when a
    /// stored document does not compile with this version of the engine.
    caf::replies_to<compile_atom, rule_version_ptr>::with<compiled_rule_ptr>,
    /// Somebody published: compiles ahead.
    caf::reacts_to<hint_atom>,
    /// The version poll (to itself, at intervals).
    caf::reacts_to<house_atom>>;

} // namespace eventpulse

#pragma once
// The verbs of the protocols. CAF 0.17 atoms hold ten characters at most.

#include <caf/atom.hpp>

namespace eventpulse {

using append_atom = caf::atom_constant<caf::atom("append")>;
using quarantine_atom = caf::atom_constant<caf::atom("quarantine")>;
using probe_atom = caf::atom_constant<caf::atom("probe")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using load_atom = caf::atom_constant<caf::atom("load")>;
using persist_atom = caf::atom_constant<caf::atom("persist")>;
using retry_atom = caf::atom_constant<caf::atom("retry")>;
using wait_atom = caf::atom_constant<caf::atom("wait")>;
using pump_atom = caf::atom_constant<caf::atom("pump")>;
using batch_atom = caf::atom_constant<caf::atom("batch")>;
using clock_atom = caf::atom_constant<caf::atom("clock")>;
using read_atom = caf::atom_constant<caf::atom("read")>;
using begin_atom = caf::atom_constant<caf::atom("begin")>;
using eval_atom = caf::atom_constant<caf::atom("eval")>;
using replace_atom = caf::atom_constant<caf::atom("replace")>;
using snapshot_atom = caf::atom_constant<caf::atom("snapshot")>;
using close_atom = caf::atom_constant<caf::atom("close")>;
using record_atom = caf::atom_constant<caf::atom("record")>;
using compile_atom = caf::atom_constant<caf::atom("compile")>;
using hint_atom = caf::atom_constant<caf::atom("hint")>;
using wake_atom = caf::atom_constant<caf::atom("wake")>;
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;
using claim_atom = caf::atom_constant<caf::atom("claim")>;
using take_atom = caf::atom_constant<caf::atom("take")>;
using release_atom = caf::atom_constant<caf::atom("release")>;
using answer_atom = caf::atom_constant<caf::atom("answer")>;
using renew_atom = caf::atom_constant<caf::atom("renew")>;
using keys_atom = caf::atom_constant<caf::atom("keys")>;
using announce_atom = caf::atom_constant<caf::atom("announce")>;
using follow_atom = caf::atom_constant<caf::atom("follow")>;
using found_atom = caf::atom_constant<caf::atom("found")>;
using report_atom = caf::atom_constant<caf::atom("report")>;
using house_atom = caf::atom_constant<caf::atom("house")>;

// supervision
using start_atom = caf::atom_constant<caf::atom("start")>;
using terminate_atom = caf::atom_constant<caf::atom("terminate")>;
using delete_atom = caf::atom_constant<caf::atom("delete")>;
using restart_atom = caf::atom_constant<caf::atom("restart")>;
using which_atom = caf::atom_constant<caf::atom("which")>;
using children_atom = caf::atom_constant<caf::atom("children")>;
using subscribe_atom = caf::atom_constant<caf::atom("subscribe")>;
using up_atom = caf::atom_constant<caf::atom("up")>;
using down_atom = caf::atom_constant<caf::atom("down")>;
using parked_atom = caf::atom_constant<caf::atom("parked")>;

} // namespace eventpulse

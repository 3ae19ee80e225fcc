#pragma once
// A process's report as JSON: who it is, whether it is ready, its supervision
// tree with what each actor has to do. Pure; the system_reporter gathers.

#include "messages/protocols/supervisor.hpp"
#include "runtime/telemetry/actor_probe.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace eventpulse {

/// What does not change while the process runs.
struct process_facts {
  std::string name; // unique; a worker's is the owner of its leases
  std::string role; // "intake", "worker"
  std::string version;
  std::string host;
  int64_t pid = 0;
  int64_t started_at_ms = 0;
};

/// Of a partition that this process owns.
struct owned_stream {
  uint32_t partition = 0;
  uint64_t entries = 0;
  uint64_t lag_entries = 0;
  double lag_seconds = 0;
  uint64_t pending_entries = 0;
};

struct report_parts {
  int64_t now_ms = 0;
  std::map<std::string, std::string> reasons; // why it is not ready
  child_tree_ptr root;
  child_tree_ptr guarded; // stands under the lease_keeper; null: none
  std::vector<owned_stream> streams;
};

/// {"name", "role", "version", "engine", "host", "pid", "started_at",
/// "reported_at",
///  "ready", "reasons": {part: why}, "streams": […], "tree": {…}}. A node of
/// the tree is {"id", "type", "restart", "state", "generation", "restarts",
/// "last_error"?, "kind", "mailbox_depth", "messages", "busy_seconds"},
/// a supervisor's with "counts", "omitted" and "children"; what is linked to
/// an actor stands in its "linked".
boost::json::object system_report(const process_facts& who,
                                  const report_parts& parts,
                                  const actor_probes& probes);

} // namespace eventpulse

#pragma once
// The supervisor: starts children in order, restarts them as their policy says,
// stops them in reverse order, and fails upwards when restarting does not help.
// Whoever needs a child's present address subscribes: a restarted child is a
// new actor under the same id and place.

#include "messages/protocols/atoms.hpp"
#include "runtime/core/supervision/restart_policy.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse {

enum class child_type : uint8_t {
  worker,
  supervisor, // speaks supervisor_actor; its children are shown in the tree
};

/// A grace without end: what a supervisor needs that stops children of its own.
inline constexpr auto grace_forever = std::chrono::milliseconds::max();

struct child_spec {
  std::string id; // unique among its siblings; for people, logs and look-up
  /// Makes an incarnation; the supervisor is given as host. It may throw,
  /// which counts as an abnormal end of the child.
  std::function<caf::actor(caf::local_actor* supervisor)> start;
  child_policy policy;
  /// How long it may take to end after exit_reason::user_shutdown, before it
  /// is killed.
  std::chrono::milliseconds grace{5'000};
  child_type type = child_type::worker;
  std::string actor_kind = "worker"; // metrics label, from a fixed few
};

enum class child_state : uint8_t {
  running,
  restarting, // between two incarnations
  parked,     // too many restarts of its own; restart it by hand
  stopped,    // terminated, or ended normally and not to be restarted
};

struct child_status {
  std::string id;
  restart_kind kind = restart_kind::permanent;
  child_type type = child_type::worker;
  child_state state = child_state::stopped;
  uint64_t generation = 0;            // of its present or last incarnation
  uint64_t restarts = 0;              // that its supervisor decided
  std::string last_error;             // why it last ended abnormally
  std::vector<child_status> children; // of a supervisor that answered in time
};
using child_statuses = std::shared_ptr<const std::vector<child_status>>;

/// The tree below a supervisor with a bound, for people: of a supervisor of
/// many, those in trouble are shown first, and all are counted.
struct child_tree;
using child_tree_ptr = std::shared_ptr<const child_tree>;
struct child_node {
  child_status what;    // without `children`
  uint64_t actor = 0;   // the present incarnation's id; 0: there is none
  child_tree_ptr below; // null: a worker, or it did not answer in time
};
struct child_tree {
  std::string name;
  uint64_t actor = 0;
  size_t running = 0;
  size_t restarting = 0;
  size_t parked = 0;
  size_t stopped = 0;
  size_t omitted = 0;               // counted, but not among `children`
  std::vector<child_node> children; // in start order
};

/// What a subscriber understands. `generation` grows with every incarnation of
/// an id, and is never used twice by one supervisor.
using child_listener = caf::typed_actor<
    /// The child is up under this address.
    caf::reacts_to<up_atom, std::string, uint64_t, caf::actor>,
    /// That incarnation has ended; no error where it ended normally.
    caf::reacts_to<down_atom, std::string, uint64_t, caf::error>,
    /// The child was restarted too often and stays away until restarted by
    /// hand. Follows its last `down`.
    caf::reacts_to<parked_atom, std::string, caf::error>>;

using supervisor_actor = caf::typed_actor<
    /// Adds a child after the others and starts it; answers when it is up.
    /// conflict: the id exists; invalid: the policy or the spec cannot work;
    /// overloaded: children_max; unavailable: its siblings are being restarted;
    /// internal: starting failed, and the child is forgotten.
    caf::replies_to<start_atom, child_spec>::with<caf::actor>,
    /// Stops a child and keeps its spec, so that it can be restarted; answers
    /// when it is down. A temporary one is forgotten. not_found.
    caf::replies_to<terminate_atom, std::string>::with<void>,
    /// Stops a child and forgets it; answers when it is down, from when on the
    /// id is free. not_found.
    caf::replies_to<delete_atom, std::string>::with<void>,
    /// Starts a stopped or parked child with a clean record; answers when it
    /// is up. not_found; conflict: it is running or will be restarted;
    /// unavailable as above; internal: starting failed, it stays as it was.
    caf::replies_to<restart_atom, std::string>::with<caf::actor>,
    /// The child's present address. not_found; unavailable: it is not running.
    caf::replies_to<which_atom, std::string>::with<caf::actor>,
    /// The tree below, in start order.
    caf::replies_to<children_atom>::with<child_statuses>,
    /// The same with at most so many children of each supervisor.
    caf::replies_to<children_atom, uint32_t>::with<child_tree_ptr>,
    /// Tells the listener the present children and, until it ends, every later
    /// change. A restarted supervisor starts without listeners: subscribe to
    /// its parent too. Repeating it changes nothing. overloaded: listeners_max.
    caf::replies_to<subscribe_atom, child_listener>::with<void>>;

} // namespace eventpulse

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::child_spec)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::child_statuses)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::child_tree_ptr)

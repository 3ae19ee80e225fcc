#pragma once
// The supervisor actor (messages/protocols/supervisor.hpp): carries out what
// core/supervision/restart_decider decides. Holds its children's handles,
// since monitors are weak; a handle elsewhere never keeps a tree alive.
// Ends with the reason it was stopped for, or with errc::internal and the cause
// when restarts did not help, so that its parent decides. If it is killed, so
// are its children: none outlives it.

#include "messages/protocols/supervisor.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <caf/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace eventpulse {

inline constexpr size_t children_max = 200'000; // rules_max and as many again
inline constexpr size_t listeners_max = 64;

struct supervisor_options {
  std::string name = "supervisor"; // in logs
  supervision_policy policy;
  logger log;
  metrics* counts = nullptr; // outlives the actor system; null: not counted
  uint64_t seed = 0;         // of the restart delays' jitter
};

/// The supervisor starts its children when it first runs. A policy that check()
/// refuses, or ids that occur twice, end it at once with errc::invalid; what
/// comes from settings is to be checked before.
supervisor_actor spawn_supervisor(caf::actor_system& system,
                                  supervisor_options options,
                                  std::vector<child_spec> children);
supervisor_actor spawn_supervisor(caf::local_actor* parent,
                                  supervisor_options options,
                                  std::vector<child_spec> children);

/// A supervisor as the permanent child of another, with all the time it needs
/// to stop its own children.
child_spec nested_supervisor(std::string id, supervisor_options options,
                             std::vector<child_spec> children);

} // namespace eventpulse

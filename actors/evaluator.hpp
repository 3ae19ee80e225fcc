#pragma once
// The evaluator: one a rule. It owns the rule's windows and groups and does
// nothing but hand steps to core/engine. An exception there (a broken
// invariant) ends this actor alone; its supervisor starts the next incarnation,
// which the rule_router brings up to date.

#include "messages/protocols/rules.hpp"

#include "runtime/telemetry/metrics.hpp"

#include <caf/fwd.hpp>

namespace eventpulse {

evaluator_actor spawn_evaluator(caf::local_actor& parent,
                                metrics* meters = nullptr);

} // namespace eventpulse

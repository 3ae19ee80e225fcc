#pragma once
// The hint_listener: waits for hints between processes and passes them on as
// messages. A hint that is lost only delays; polls are the truth. Detached.

#include "messages/protocols/atoms.hpp"
#include "messages/protocols/rules.hpp"
#include "runtime/ports/event_log.hpp"

#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>

namespace eventpulse {

using hint_listener_actor = caf::typed_actor<
    /// Waits once more (to itself).
    caf::reacts_to<pump_atom>>;

hint_listener_actor::behavior_type
hint_listener(hint_listener_actor::pointer self,
              const std::function<std::unique_ptr<hint_bus>()>& open,
              const rule_catalog_actor& catalog);

} // namespace eventpulse

#include "actors/hint_listener.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace eventpulse {

using namespace std::chrono_literals;

hint_listener_actor::behavior_type
hint_listener(hint_listener_actor::pointer self,
              const std::function<std::unique_ptr<hint_bus>()>& open,
              const rule_catalog_actor& catalog) {
  std::shared_ptr<hint_bus> hints = open();
  self->set_error_handler([](caf::error&) {});
  self->send(self, pump_atom::value);
  return {
      [self, hints, catalog](pump_atom) {
        auto hinted = hints->wait("rules", 1s);
        if (hinted && *hinted)
          caf::anon_send(catalog, hint_atom::value);
        if (hinted)
          self->send(self, pump_atom::value);
        else
          self->delayed_send(self, 1s, pump_atom::value);
      },
  };
}

} // namespace eventpulse

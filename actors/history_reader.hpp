#pragma once
// The history_reader: reads back for evaluation what is kept: cursors, rules in
// force, snapshots, and the total order in pages. Detached. Answers every
// failure as it comes; who asks decides whether to ask again.

#include "messages/protocols/rules.hpp"
#include "runtime/ports/event_store.hpp"
#include "runtime/ports/outcome_store.hpp"
#include "runtime/ports/rule_store.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>

namespace eventpulse {

struct history_reader_setup {
  std::function<std::unique_ptr<event_store>()> open_events;
  std::function<std::unique_ptr<outcome_store>()> open_outcomes;
  std::function<std::unique_ptr<rule_store>()> open_rules;
};

struct history_reader_state {
  static inline const char* name = "history_reader";
  std::unique_ptr<event_store> events;
  std::unique_ptr<outcome_store> outcomes;
  std::unique_ptr<rule_store> rules;
};

history_reader_actor::behavior_type history_reader(
    history_reader_actor::stateful_pointer<history_reader_state> self,
    const history_reader_setup& setup);

} // namespace eventpulse

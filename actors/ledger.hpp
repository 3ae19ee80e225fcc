#pragma once
// The ledger: the notifier's book of deliveries. An attempt counts when it is
// recorded here; attempts that queued while the last commit was under way go
// into one transaction. Detached, linked to its notifier.

#include "messages/protocols/notify.hpp"
#include "runtime/ports/delivery_store.hpp"
#include "runtime/telemetry/log.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>

namespace eventpulse {

struct ledger_setup {
  std::function<std::unique_ptr<delivery_store>()> open_store;
  std::string worker;
  std::chrono::milliseconds lease{60'000};
  logger log;
};

class ledger_state {
public:
  static inline const char* name = "ledger";
  using pointer = ledger_actor::stateful_pointer<ledger_state>;

  explicit ledger_state(pointer self) : self_(self) {}
  ~ledger_state();

  ledger_actor::behavior_type start(const ledger_setup& setup);

private:
  struct waiting {
    recorded_attempts attempts;
    caf::typed_response_promise<caf::ok_atom> answer;
  };

  void wake(std::chrono::milliseconds delay);
  void flush();

  pointer self_;
  ledger_setup setup_;
  std::unique_ptr<delivery_store> store_;
  std::deque<waiting> queue_; // unanswered, oldest first
  bool flushing_ = false;
  unsigned failures_ = 0;
};

ledger_actor::behavior_type
ledger(ledger_actor::stateful_pointer<ledger_state> self,
       const ledger_setup& setup);

} // namespace eventpulse

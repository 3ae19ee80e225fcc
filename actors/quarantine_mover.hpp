#pragma once
// The quarantine_mover: refused input from the capped stream in Redis into the
// table of dead letters. It inserts, then removes; a letter's id follows from
// its entry, so a crash between the two, or a second mover, doubles nothing.
// While PostgreSQL is away the entries stay in Redis, as many as its cap
// allows. Detached, since the ports block.

#include "messages/protocols/quarantine_mover.hpp"
#include "runtime/ports/dead_letter_store.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace eventpulse {

struct quarantine_mover_setup {
  std::function<std::unique_ptr<quarantine_log>()> open_log;
  std::function<std::unique_ptr<dead_letter_store>()> open_store;
  std::chrono::milliseconds interval{500};
  logger log;
  metrics* meters = nullptr;
};

class quarantine_mover_state {
public:
  static inline const char* name = "quarantine_mover";
  using pointer =
      quarantine_mover_actor::stateful_pointer<quarantine_mover_state>;

  explicit quarantine_mover_state(pointer self) : self_(self) {}

  quarantine_mover_actor::behavior_type start(quarantine_mover_setup setup);

private:
  result<size_t> move_page();
  result<size_t> keep(const std::vector<quarantined_entry>& page);

  pointer self_;
  quarantine_mover_setup setup_;
  std::unique_ptr<quarantine_log> log_;
  std::unique_ptr<dead_letter_store> store_;
  unsigned failures_ = 0; // in a row
};

quarantine_mover_actor::behavior_type quarantine_mover(
    quarantine_mover_actor::stateful_pointer<quarantine_mover_state> self,
    const quarantine_mover_setup& setup);

} // namespace eventpulse

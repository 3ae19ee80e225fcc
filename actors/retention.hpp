#pragma once
// The retention actor: removes what has been kept for long enough, a bounded
// piece a message, so that it stops at once and never holds a lock for long.
// It is guarded by the lease of evaluation. A day of events goes only when
// evaluation had passed it a whole sweep ago: by then every rule's state is in
// a snapshot that needs nothing of it. Whatever fails is said, and tried again
// by the next sweep. Detached.

#include "messages/protocols/retention.hpp"
#include "runtime/core/operate/retention.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/retention_store.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace eventpulse {

struct retention_setup {
  std::function<std::unique_ptr<retention_store>()> open_store;
  lease_token lease;
  retention_periods keep;
  std::chrono::milliseconds interval{600'000}; // between two sweeps
  std::shared_ptr<world> surroundings;
  logger log;
  metrics* meters = nullptr;
  std::function<void()> fenced; // the lease is lost; may be empty
};

class retention_state {
public:
  static inline const char* name = "retention";
  using pointer = retention_actor::stateful_pointer<retention_state>;

  explicit retention_state(pointer self) : self_(self) {}

  retention_actor::behavior_type start(retention_setup setup);

private:
  /// One removal of the present step; whether there may be more of it.
  bool remove_some();
  bool remove_rows(kept_rows what);
  bool drop_day();
  void begin_sweep();
  void end_sweep();
  void failed(const char* what, const failure& why);

  pointer self_;
  retention_setup setup_;
  std::unique_ptr<retention_store> store_;
  size_t step_ = 0;   // 0: begin; then the tables; at last the days
  uint64_t gone_ = 0; // rows of the present step
  bool fine_ = true;  // nothing of the present sweep failed
  bool fenced_ = false;
  int64_t now_ms_ = 0;                     // when the sweep began
  std::optional<evaluation_reach> reach_;  // as this sweep found it
  std::optional<evaluation_reach> before_; // as the last one did
};

retention_actor::behavior_type
retention(retention_actor::stateful_pointer<retention_state> self,
          const retention_setup& setup);

} // namespace eventpulse

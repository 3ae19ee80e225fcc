#pragma once
// The notifier: the pool of one channel kind. It takes deliveries that were
// committed just now, and sweeps for those nobody woke for; holds at most
// deliveries_in_flight_max; signs and sends each; and has every attempt
// recorded before it counts. What it cannot hold it gives back. A crash leaves
// leases behind, and the next sweep after their end sends again under the same
// message id.

#include "actors/ledger.hpp"
#include "messages/protocols/directory.hpp"
#include "messages/protocols/notify.hpp"
#include "runtime/core/delivery/retry.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/sender.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/trace.hpp"

#include <caf/fwd.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse {

struct notifier_setup {
  std::string kind = "webhook";
  ledger_setup book;
  std::shared_ptr<sender> out;
  retry_schedule schedule;
  std::chrono::milliseconds timeout{20'000};
  std::chrono::milliseconds sweep_interval{1'000};
  std::string user_agent = "EventPulse";
  std::shared_ptr<world> surroundings;
  directory_actor directory;
  logger log;
  metrics* meters = nullptr;
  tracer traces;
  bool detached = true; // the ledger; false only under the test scheduler
};

class notifier_state {
public:
  static inline const char* name = "notifier";
  using pointer = notifier_actor::stateful_pointer<notifier_state>;

  explicit notifier_state(pointer self) : self_(self) {}

  notifier_actor::behavior_type start(notifier_setup setup);

private:
  struct flight {
    delivery what;
    channel to;
    int64_t started_at_ms = 0;
    int64_t started_ns = 0; // for traces
  };

  void sweep();
  void take(const text_list& ids);
  void send_all(const due_deliveries& due);
  void send(const due_delivery& due);
  void answered(const std::string& id, const outbound_answer& answer);
  void trace(const flight& f, const attempt& done) const;
  void count(const delivery& d, const recorded_attempt& done, int64_t now_ms);
  size_t room() const;

  pointer self_;
  notifier_setup setup_;
  ledger_actor ledger_;
  std::map<std::string, flight> in_flight_; // by message id
  /// Of channels that are disabled: what shows it, as long as it is kept.
  std::map<std::string, channel_metrics> open_circuits_;
  bool sweeping_ = false; // a sweep's claim is out
  size_t asked_ = 0;      // asked of the ledger and not here yet
};

notifier_actor::behavior_type
notifier(notifier_actor::stateful_pointer<notifier_state> self,
         const notifier_setup& setup);

} // namespace eventpulse

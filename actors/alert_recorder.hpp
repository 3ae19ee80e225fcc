#pragma once
// The alert_recorder: commits what evaluation decided. Everything that queued
// while the last commit was under way goes into one fenced transaction, in
// order: alerts, deliveries, cursors. After the COMMIT it wakes the notifier.
// A commit whose outcome is unknown is settled by reading the global cursor
// back; alert and delivery ids make the rest safe to repeat. Snapshots are
// saved in their turn, so what is recorded after one rests on it. Detached.

#include "messages/lease.hpp"
#include "messages/protocols/directory.hpp"
#include "messages/protocols/notify.hpp"
#include "messages/protocols/rules.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/outcome_store.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/trace.hpp"

#include <caf/fwd.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <variant>

namespace eventpulse {

/// Commits that go into one transaction.
inline constexpr size_t commits_gathered_max = 256;

struct alert_recorder_setup {
  std::function<std::unique_ptr<outcome_store>()> open_store;
  lease_token lease;
  std::string worker;
  std::chrono::milliseconds delivery_lease{60'000};
  std::shared_ptr<world> surroundings;
  logger log;
  metrics* meters = nullptr;
  tracer traces;
  directory_actor directory;
  std::function<void()> fenced;
};

class alert_recorder_state {
public:
  static inline const char* name = "alert_recorder";
  using pointer = alert_recorder_actor::stateful_pointer<alert_recorder_state>;

  explicit alert_recorder_state(pointer self) : self_(self) {}
  ~alert_recorder_state();

  alert_recorder_actor::behavior_type start(alert_recorder_setup setup);

private:
  using answer = caf::typed_response_promise<caf::ok_atom>;
  struct job {
    std::variant<outcome_commit_ptr, rule_snapshots> what;
    answer done;
  };

  void wake(std::chrono::milliseconds delay);
  void flush();
  bool again(const failure& why, size_t jobs);
  size_t gather(outcome_commit& into) const;
  size_t gather(std::vector<rule_snapshot>& into) const;
  result<void> save(const std::vector<rule_snapshot>& all);
  result<void> commit(const outcome_commit& all);
  result<void> settle(const outcome_commit& all, const failure& why);
  void finish(size_t jobs, const result<void>& outcome);
  void after_commit(const outcome_commit& all, int64_t began_ns);
  void trace(const outcome_commit& all, int64_t began_ns) const;

  pointer self_;
  alert_recorder_setup setup_;
  std::unique_ptr<outcome_store> store_;
  notifier_actor notifier_;
  std::deque<job> queue_;                  // unanswered, oldest first
  size_t jobs_max_ = commits_gathered_max; // 1 while one of them is refused
  bool flushing_ = false;                  // a flush is on its way
  unsigned failures_ = 0;                  // in a row, of the same jobs
  size_t jobs_tried_ = 0;                  // by the try that failed
};

alert_recorder_actor::behavior_type alert_recorder(
    alert_recorder_actor::stateful_pointer<alert_recorder_state> self,
    const alert_recorder_setup& setup);

} // namespace eventpulse

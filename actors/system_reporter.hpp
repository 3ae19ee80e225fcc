#pragma once
// The system_reporter: looks at its own process at intervals (the supervision
// tree, mailboxes, readiness) and puts what it saw where GET /v1/system finds
// it: on the board of all processes, and beside it in the process itself, for
// when the board does not answer. Sets the metrics that nobody else can know.
// Asks nothing of those who work but their supervisors' lists. Detached.

#include "actors/system_report.hpp"
#include "messages/protocols/directory.hpp"
#include "messages/protocols/system.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/system.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/readiness.hpp"

#include <caf/actor_addr.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace eventpulse {

/// The last report of this process; empty before the first. Thread-safe.
class own_report {
public:
  void set(std::string text) {
    std::lock_guard guard{mutex_};
    text_ = std::move(text);
  }
  std::string get() const {
    std::lock_guard guard{mutex_};
    return text_;
  }

private:
  mutable std::mutex mutex_;
  std::string text_;
};

struct system_reporter_setup {
  process_facts who;
  caf::actor_addr root; // the supervisor on top; weak
  std::function<std::unique_ptr<process_board>()> open_board;
  /// For the delivery queue; empty: this process has none.
  std::function<std::unique_ptr<system_store>()> open_store;
  std::chrono::milliseconds interval{2'000};
  std::chrono::milliseconds ttl{10'000};
  uint32_t partitions = 1;
  std::shared_ptr<readiness> ready;
  std::shared_ptr<own_report> report;
  directory_actor directory;
  std::shared_ptr<world> surroundings;
  logger log;
  metrics* meters = nullptr; // not null
};

class system_reporter_state {
public:
  static inline const char* name = "system_reporter";
  using pointer =
      system_reporter_actor::stateful_pointer<system_reporter_state>;

  explicit system_reporter_state(pointer self) : self_(self) {}
  ~system_reporter_state();

  system_reporter_actor::behavior_type start(system_reporter_setup setup);

private:
  void look();
  void ask(const caf::actor_addr& supervisor, child_tree_ptr& into);
  void one_less();
  void publish();
  void show_queue(bool is_guarding);

  pointer self_;
  system_reporter_setup setup_;
  std::unique_ptr<process_board> board_;
  std::unique_ptr<system_store> store_;
  caf::actor_addr guarded_; // weak
  child_tree_ptr root_tree_;
  child_tree_ptr guarded_tree_;
  size_t missing_ = 0;      // trees still awaited
  bool is_failing_ = false; // the board, at the last try
};

system_reporter_actor::behavior_type system_reporter(
    system_reporter_actor::stateful_pointer<system_reporter_state> self,
    const system_reporter_setup& setup);

} // namespace eventpulse

#pragma once
// What the two long-running processes share: logger, metrics, the actor system
// with the root of its supervision tree, signals, and how they end. Nothing
// here knows what the tree holds.

#include "actors/system_reporter.hpp"
#include "messages/protocols/directory.hpp"
#include "runtime/adapters/outbound/trace_exporter.hpp"
#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/adapters/redis/options.hpp"
#include "runtime/app/settings.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/readiness.hpp"
#include "runtime/telemetry/trace.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace eventpulse {

/// database.url with database.password in it. Never to be shown.
std::string database_conninfo(const settings& s);

/// The adapters' options, from the settings.
postgres::options postgres_options(const settings& s,
                                   const std::string& secret_key);
redis::options redis_options(const settings& s);

/// The 32 bytes of secrets.key_file; empty where none is set.
result<std::string> read_secret_key(const settings& s);

/// Blocks the signals that end a process, in this thread and all made later.
/// To be called before anything else is started.
void block_ending_signals();

/// The present bearer of a name, for threads that are no actors. Set by the
/// supervisor's start functions, read from anywhere.
class actor_slot {
public:
  void set(caf::actor who) {
    std::lock_guard lock(mutex_);
    who_ = std::move(who);
  }
  caf::actor get() const {
    std::lock_guard lock(mutex_);
    return who_;
  }

private:
  mutable std::mutex mutex_;
  caf::actor who_;
};

class process_frame {
public:
  /// `parts` are those that readiness waits for.
  process_frame(const settings& s, const std::string& role,
                const std::vector<std::string>& parts);
  ~process_frame();

  /// Waits for SIGINT, SIGTERM, SIGHUP, or the root's end. Then `before_stop`
  /// (stop taking requests), then the tree is stopped within `patience`.
  /// Returns the exit status: 0 after a signal, 1 when the root failed or the
  /// patience ran out.
  int run(const caf::actor& root, const std::function<void()>& before_stop,
          std::chrono::milliseconds patience);

  std::shared_ptr<world> surroundings;
  logger log;
  metrics meters;
  process_facts who;
  std::shared_ptr<readiness> ready;
  std::shared_ptr<own_report> report = std::make_shared<own_report>();
  std::shared_ptr<span_queue> spans; // null: traces are off
  std::unique_ptr<outbound::trace_exporter> exporter;
  tracer traces;
  caf::actor_system_config config;
  caf::actor_system system; // after everything that its actors use
  directory_actor directory;

  /// The child of the root that reports on this process. `open_store` as in
  /// system_reporter_setup.
  child_spec
  reporter_child(const settings& s,
                 std::function<std::unique_ptr<system_store>()> open_store);

  /// Ends the tree at once, for a start that failed.
  void stop(const caf::actor& root);

private:
  bool end_tree(const caf::actor& root, std::chrono::milliseconds patience);
};

} // namespace eventpulse

#pragma once
// One child that must be there: started, waited for until it answers, started
// again with back-off when it died. Used for the embedded servers and for the
// intake and worker of `up`. Nothing happens between calls of tick(); no
// threads.

#include "runtime/app/processes.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace eventpulse {

/// What a server's data must survive. Tests that kill processes, but not the
/// machine, save the wait for the disk.
enum class survives : uint8_t { power_loss, kill };

struct managed_options {
  child_options child;
  /// Runs before each start, e.g. to remove an old ready file. May be empty.
  std::function<void()> prepare;
  /// Whether it answers. Called often; must not block for long.
  std::function<bool()> ready;
  /// Whether the wait for it was called off (Ctrl-C). May be empty.
  std::function<bool()> cancelled;
  std::chrono::milliseconds ready_within{300'000}; // else it is killed
  std::chrono::milliseconds back_off_min{200};
  std::chrono::milliseconds back_off_max{10'000};
  std::chrono::milliseconds healthy_after{30'000}; // then back-off starts anew
};

class managed_process {
public:
  enum class state : uint8_t { stopped, starting, ready, waiting };

  explicit managed_process(managed_options options);

  /// Starts it and returns when it answers. One that ends meanwhile is started
  /// again up to `retries` times. The failure holds the end of its log.
  result<void> start_and_wait(unsigned retries);

  /// Starts it and returns at once; tick() sees when it answers.
  result<void> start();

  /// Looks once: reaps, asks whether it answers, starts it when its back-off is
  /// over. The text says what has happened, and is empty mostly.
  std::string tick();

  state now() const { return state_; }
  pid_t pid() const { return process_.pid(); }
  const std::string& name() const { return options_.child.name; }
  const std::string& log_file() const { return options_.child.log_file; }
  /// Changes with every incarnation that became ready.
  unsigned generation() const { return generation_; }

  /// Ends it and does not start it again.
  void begin_stop();
  child_exit finish_stop();
  /// SIGKILL, and gone when this returns; tick() starts it again.
  void kill();

private:
  using clock = std::chrono::steady_clock;

  void fail(clock::time_point at);
  std::string ended_text(const child_exit& how) const;
  std::chrono::milliseconds back_off() const;

  managed_options options_;
  child_process process_;
  state state_ = state::stopped;
  clock::time_point started_;
  clock::time_point start_at_; // when waiting
  unsigned failures_ = 0;      // in a row
  unsigned generation_ = 0;
};

} // namespace eventpulse

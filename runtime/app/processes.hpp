#pragma once
// Child processes: started, watched, stopped. Used by the embedded servers and
// by `eventpulse up`. A child dies with the thread that started it
// (PR_SET_PDEATHSIG), so start children from a thread that lives as long as
// they should: the main one. Not thread-safe; no threads and no signal handlers
// of its own.

#include "messages/result.hpp"
#include "runtime/app/user_identity.hpp"

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

struct child_options {
  std::string name;              // for messages: "redis"
  std::vector<std::string> argv; // argv[0] is the path of the program
  std::map<std::string, std::string> environment; // over the parent's own
  std::optional<user_identity> user; // become this user; only root can
  std::string directory;             // working directory; empty: the parent's
  std::string log_file; // output is appended to it; empty: the parent's
  std::vector<int> keep_descriptors;       // inherited under the same numbers
  int death_signal = SIGKILL;              // what it gets when we die
  int stop_signal = SIGTERM;               // what asks it to stop
  std::chrono::milliseconds grace{20'000}; // then SIGKILL
};

/// How a child ended.
struct child_exit {
  int code = 0;   // exit code, when signal is 0
  int signal = 0; // what killed it
};

/// "exit code 1", "signal 9 (Killed)".
std::string to_string(const child_exit& e);

class child_process {
public:
  /// Starts it; a program that cannot be executed fails here, with the reason.
  static result<child_process> start(child_options options);

  child_process() = default;
  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&& other) noexcept;
  /// Kills what still runs and waits for it.
  ~child_process();

  /// 0 when it does not run.
  pid_t pid() const { return pid_; }
  bool running() const { return pid_ != 0; }

  /// Reaps it if it has ended; the way it ended, once known.
  std::optional<child_exit> poll();

  void signal(int number);

  /// Asks it to stop, waits up to `grace`, kills it; returns when it is gone.
  child_exit stop();

  /// stop() in two steps, so that several children stop side by side.
  void begin_stop();
  child_exit finish_stop();

private:
  child_exit wait();

  child_options options_;
  pid_t pid_ = 0;
  std::optional<child_exit> ended_;
  std::optional<std::chrono::steady_clock::time_point> kill_at_;
};

/// What a short-lived program printed (both streams, the last 64 KiB).
struct run_outcome {
  child_exit exit;
  std::string output;
};

/// Runs a program to its end, at most `limit`, with `input` (at most 60 KiB) on
/// its standard input. `options.log_file` is not used.
result<run_outcome> run_program(child_options options, const std::string& input,
                                std::chrono::milliseconds limit);

/// The last `lines` lines of a file, for error messages.
std::string log_tail(const std::string& path, size_t lines);

/// Keeps a log that others append to under `bytes_max`: what is in it goes to
/// `<path>.1`, replacing that, and the file starts anew.
void bound_log(const std::string& path, size_t bytes_max);

} // namespace eventpulse

#pragma once
// The private Redis and PostgreSQL of one machine: the distribution's own
// servers as child processes on unix sockets in a data directory, never
// exposed. Used by `eventpulse up` and by every test that needs real servers.
// They die with the thread that called start() (see processes.hpp); the data is
// there at the next start. Works as root (children run as the directory's
// owner) and as an ordinary user.

#include "runtime/app/data_directory.hpp"
#include "runtime/app/managed_process.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

struct embedded_options {
  std::filesystem::path data_dir;
  bool start_redis = true;
  bool start_postgres = true;
  survives durability = survives::power_loss;
  /// Told what takes a moment, for people. May be empty.
  std::function<void(const std::string&)> progress;
  /// Whether to give up starting (Ctrl-C). May be empty.
  std::function<bool()> cancelled;
};

class embedded_servers {
public:
  /// Returns when all that is started answers; the database exists then, empty.
  static result<std::unique_ptr<embedded_servers>> start(embedded_options);
  /// The same in a directory that is open already; data_dir is not used.
  static result<std::unique_ptr<embedded_servers>>
  start(std::unique_ptr<data_directory> directory, embedded_options options);

  embedded_servers(const embedded_servers&) = delete;
  embedded_servers& operator=(const embedded_servers&) = delete;
  ~embedded_servers(); // stop()

  data_directory& directory() { return *directory_; }

  /// Empty where the server is not ours.
  std::string redis_url() const;
  std::string database_url() const;
  /// 0 where it does not run.
  pid_t redis_pid() const;
  pid_t postgres_pid() const;

  /// Restarts, with back-off, what has died; to be called again and again.
  /// What has happened, for the log.
  std::vector<std::string> tick();
  bool all_ready() const;

  /// For tests: SIGKILL, gone when it returns.
  void kill_redis();
  void kill_postgres();
  /// For tests: starts what does not run and waits until it answers.
  result<void> start_redis();
  result<void> start_postgres();

  /// Redis and PostgreSQL, side by side, gracefully.
  void stop();

private:
  embedded_servers() = default;
  void each(const std::function<void(managed_process&)>& action);

  std::unique_ptr<data_directory> directory_;
  std::optional<managed_process> redis_;
  std::optional<managed_process> postgres_;
};

} // namespace eventpulse

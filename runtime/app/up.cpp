#include "runtime/app/up.hpp"

#include "runtime/app/api_client.hpp"
#include "runtime/app/file_write.hpp"
#include "runtime/app/servers.hpp"
#include "runtime/app/up_children.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <vector>

namespace eventpulse {

namespace {

using namespace std::chrono_literals;
using namespace up_detail;

constexpr size_t log_bytes_max = 64 << 20;
constexpr size_t log_lines_told = 15;
constexpr auto children_ready_within = 120s;
constexpr timespec look_every{0, 50'000'000};

sigset_t stop_signals() {
  sigset_t out;
  sigemptyset(&out);
  for (int number : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&out, number);
  return out;
}

/// Signals are blocked for as long as this lives and taken one by one with
/// next(), so nothing runs inside a handler. Children unblock theirs.
class signal_inbox {
public:
  signal_inbox() : wanted_(stop_signals()) {
    sigaddset(&wanted_, SIGCHLD); // wakes next(), says nothing itself
    sigprocmask(SIG_BLOCK, &wanted_, &before_);
    pipe_before_ = std::signal(SIGPIPE, SIG_IGN);
  }
  signal_inbox(const signal_inbox&) = delete;
  signal_inbox& operator=(const signal_inbox&) = delete;
  ~signal_inbox() {
    std::signal(SIGPIPE, pipe_before_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  /// Waits a moment; whether to stop.
  bool next() {
    const auto number = sigtimedwait(&wanted_, nullptr, &look_every);
    return number > 0 && number != SIGCHLD;
  }

  /// Whether one to stop by has come and was not taken yet.
  static bool stop_pending() {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
           sigismember(&pending, SIGHUP);
  }

private:
  sigset_t wanted_;
  sigset_t before_{};
  void (*pipe_before_)(int) = SIG_DFL;
};

/// One run of `up`, step by step.
class up_run {
public:
  up_run(const up_options& options, const up_hooks& hooks, std::ostream& out,
         std::ostream& err)
      : options_(options), hooks_(hooks), out_(out), err_(err),
        settings_(options.base) {}

  result<void> start() {
    if (!options_.ready_file.empty())
      unlink(options_.ready_file.c_str()); // of an earlier run
    auto opened = data_directory::open(options_.data_dir);
    if (!opened)
      return opened.error();
    if (auto done = settle_port(settings_, **opened); !done)
      return done.error();
    if (auto done = start_servers(std::move(opened).value()); !done)
      return done.error();
    const auto& directory = servers_->directory();
    if (auto done = settle_files(settings_, directory); !done)
      return done.error();
    tell("bringing the database up to date");
    if (auto done = hooks_.migrate(settings_); !done)
      return done.error();
    auto key = settle_admin_key(settings_, directory, hooks_);
    if (!key)
      return key.error();
    key_ = std::move(key).value();
    tell("starting intake and worker");
    if (auto done = start_children(directory); !done)
      return done.error();
    out_ << welcome_text(settings_, key_, directory) << std::flush;
    return {};
  }

  /// Until a signal comes.
  void keep_up() {
    while (!inbox_.next()) {
      look();
      if (all_ready() && generations() != announced_)
        if (auto done = announce(); !done)
          say(to_string(done.error()));
    }
    tell("stopping");
  }

  /// Intake first, so that nothing new comes; the servers last.
  void stop() {
    for (auto* child : {&intake_, &worker_}) {
      if (!*child)
        continue;
      (*child)->begin_stop();
      (*child)->finish_stop();
    }
    if (servers_)
      servers_->stop();
    if (!options_.ready_file.empty())
      unlink(options_.ready_file.c_str());
  }

private:
  void tell(const std::string& text) {
    out_ << "up: " << text << std::endl; // seen while it takes its time
  }

  void say(const std::string& text) { err_ << "up: " << text << std::endl; }

  result<void> start_servers(std::unique_ptr<data_directory> directory) {
    embedded_options wanted;
    wanted.start_redis = settings_.stream.url.empty();
    wanted.start_postgres = settings_.database.url.empty();
    wanted.progress = [this](const std::string& text) { tell(text); };
    wanted.cancelled = signal_inbox::stop_pending;
    auto started =
        embedded_servers::start(std::move(directory), std::move(wanted));
    if (!started)
      return started.error();
    servers_ = std::move(started).value();
    if (settings_.stream.url.empty())
      settings_.stream.url = servers_->redis_url();
    if (settings_.database.url.empty())
      settings_.database.url = servers_->database_url();
    return {};
  }

  /// Side by side: the worker makes the stream without which intake is not
  /// ready.
  result<void> start_children(const data_directory& directory) {
    intake_.emplace(plan_intake(options_, settings_, directory));
    worker_.emplace(plan_worker(options_, settings_, directory));
    for (auto* child : {&*intake_, &*worker_})
      if (auto done = child->start(); !done)
        return done.error();
    const auto end = std::chrono::steady_clock::now() + children_ready_within;
    while (!all_ready()) {
      if (inbox_.next())
        return {errc::shutting_down, "stopped while starting"};
      for (auto* child : {&*intake_, &*worker_})
        if (const auto text = child->tick();
            child->now() == managed_process::state::waiting)
          return with_log(text, *child);
      if (std::chrono::steady_clock::now() > end)
        return with_log("no answer within two minutes",
                        intake_->now() == managed_process::state::ready
                            ? *worker_
                            : *intake_);
    }
    return announce();
  }

  static failure with_log(const std::string& text,
                          const managed_process& child) {
    const auto tail = log_tail(child.log_file(), log_lines_told);
    return {errc::internal, child.name() + " did not start: " + text +
                                (tail.empty() ? "" : "; its last words:\n") +
                                tail};
  }

  void look() {
    for (const auto& text : servers_->tick())
      say(text);
    for (auto* child : {&*intake_, &*worker_}) {
      if (const auto text = child->tick(); !text.empty())
        say(text);
      bound_log(child->log_file(), log_bytes_max);
    }
  }

  bool all_ready() const {
    return servers_->all_ready() &&
           intake_->now() == managed_process::state::ready &&
           worker_->now() == managed_process::state::ready;
  }

  /// What the ready file names; it is written anew when this changes.
  std::vector<pid_t> generations() const {
    return {intake_->pid(), worker_->pid(), servers_->redis_pid(),
            servers_->postgres_pid()};
  }

  result<void> announce() {
    announced_ = generations();
    // For the commands that are given the data directory.
    if (auto told = servers_->directory().write_private(
            "address", client_address(settings_) + "\n");
        !told)
      return told;
    if (options_.ready_file.empty())
      return {};
    const process_ids pids{intake_->pid(), worker_->pid(),
                           servers_->redis_pid(), servers_->postgres_pid()};
    return write_file(options_.ready_file, ready_text(settings_, key_, pids),
                      0600);
  }

  const up_options& options_;
  const up_hooks& hooks_;
  std::ostream& out_;
  std::ostream& err_;
  signal_inbox inbox_;
  settings settings_;
  std::unique_ptr<embedded_servers> servers_;
  std::optional<managed_process> intake_;
  std::optional<managed_process> worker_;
  std::optional<std::string> key_;
  std::vector<pid_t> announced_;
};

} // namespace

int run_up(const up_options& options, const up_hooks& hooks, std::ostream& out,
           std::ostream& err) {
  up_run run{options, hooks, out, err};
  if (auto done = run.start(); !done) {
    run.stop();
    if (done.error().code == errc::shutting_down)
      return exit_code::ok; // asked to stop while starting
    err << "up: " << done.error().detail << std::endl;
    return exit_code_of(done.error().code);
  }
  run.keep_up();
  run.stop();
  return exit_code::ok;
}

command up_command(up_hooks hooks) {
  command out;
  out.name = "up";
  out.group = "Run it";
  out.summary = "Run everything on this machine: servers, intake and worker.";
  out.help =
      "Starts a private Redis and a private PostgreSQL on unix sockets under "
      "the data\ndirectory, brings the schema up to date, makes a first admin "
      "key, starts the\nintake and worker processes, and prints the address, "
      "the key and a curl line\nthat works. Ctrl-C stops it all; the data is "
      "there at the next start. A server\nwhose URL is configured is used and "
      "not started. Started by root, everything\nruns as the data directory's "
      "owner.";
  out.examples = {"eventpulse up",
                  "eventpulse up --port 9090 --data /srv/eventpulse",
                  "eventpulse up --database.url postgresql://ep@db/eventpulse",
                  "eventpulse up --outbound.allow 127.0.0.0/8   # webhooks to "
                  "this machine"};
  out.flags = {
      {"data", "DIR", "Where everything is kept.", "./.eventpulse", false, ""},
      {"port", "N", "The TCP port of intake.", "", false, "server.port"},
      {"ready-file", "FILE",
       "Written, as JSON, once everything answers, and anew when a process was "
       "restarted.",
       "", false, ""}};
  out.takes_settings = true;
  out.run = [hooks = std::move(hooks)](const arguments& given) {
    auto loaded = settings_of(given);
    if (!loaded) {
      std::cerr << "up: " << loaded.error().detail << "\n";
      return exit_code::usage;
    }
    up_options options;
    options.base = std::move(loaded).value();
    options.data_dir = given.get("data");
    options.ready_file = given.get("ready-file");
    return run_up(options, hooks, std::cout, std::cerr);
  };
  return out;
}

} // namespace eventpulse

#include "runtime/app/processes.hpp"

#include "runtime/core/base/check.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

namespace eventpulse {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// Everything the child needs, made before fork: after it only
/// async-signal-safe calls are allowed.
struct launch_plan {
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* directory = nullptr;
  const user_identity* user = nullptr; // nullptr: stay who we are
  int input = -1;
  int output = -1;           // -1: the log file, else the parent's
  const char* log = nullptr; // opened by the child, with its own rights
  int report = -1;           // where a failed start is told
  int death_signal = 0;
  pid_t parent = 0;
  const std::vector<int>* keep = nullptr;
};

/// What the child tells through the pipe when it could not start.
struct launch_failure {
  int step;
  int error;
};

constexpr std::array<const char*, 6> steps{
    "become the user", "find its parent alive", "enter the directory",
    "open its log",    "keep the descriptors",  "execute it"};

[[noreturn]] void give_up(const launch_plan& plan, int step) {
  const launch_failure f{step, errno};
  // Nothing can be done when even the report fails.
  [[maybe_unused]] const auto written = write(plan.report, &f, sizeof f);
  _exit(127);
}

[[noreturn]] void run_child(const launch_plan& plan) {
  setpgid(0, 0); // Ctrl-C in the terminal reaches only our parent
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD})
    ::signal(number, SIG_DFL);
  if (plan.user && (setgroups(0, nullptr) != 0 || setgid(plan.user->gid) != 0 ||
                    setuid(plan.user->uid) != 0))
    give_up(plan, 0);
  // After setuid: a change of credentials clears it (prctl(2)).
  prctl(PR_SET_PDEATHSIG, plan.death_signal);
  if (getppid() != plan.parent)
    give_up(plan, 1);
  if (plan.directory && chdir(plan.directory) != 0)
    give_up(plan, 2);
  auto output = plan.output;
  if (plan.log)
    output = open(plan.log,
                  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (plan.log && output < 0)
    give_up(plan, 3);
  if (dup2(plan.input, 0) < 0 ||
      (output >= 0 && (dup2(output, 1) < 0 || dup2(output, 2) < 0)))
    give_up(plan, 3);
  // Nobody's pipe or socket is to be held open by a server. Kernels before 5.11
  // refuse, and then only what others left inheritable is inherited.
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (int fd : *plan.keep)
    if (fcntl(fd, F_SETFD, 0) != 0)
      give_up(plan, 4);
  execve(plan.argv[0], plan.argv.data(), plan.envp.data());
  give_up(plan, 5);
}

/// The parent's environment with `over` on top; children speak one locale,
/// since Redis 8 refuses an unknown one and PostgreSQL's messages are ours.
std::vector<std::string>
merged_environment(const std::map<std::string, std::string>& over) {
  auto wanted = over;
  wanted.emplace("LC_ALL", "C.UTF-8");
  std::vector<std::string> out;
  for (char** at = environ; at && *at; ++at) {
    const std::string entry{*at};
    if (!wanted.count(entry.substr(0, entry.find('='))))
      out.push_back(entry);
  }
  for (const auto& [name, value] : wanted)
    out.push_back(name + "=" + value);
  return out;
}

class descriptor {
public:
  explicit descriptor(int fd = -1) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { reset(); }
  int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0)
      close(fd_);
    fd_ = fd;
  }

private:
  int fd_;
};

failure system_failure(const std::string& what) {
  return {errc::unavailable, what + ": " + std::strerror(errno)};
}

/// Forks and executes; waits until the program runs or has told why not.
result<pid_t> launch(child_options& options, int input, int output) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return system_failure("cannot start " + options.name);
  descriptor from_child{ends[0]}, to_parent{ends[1]};
  launch_plan plan;
  plan.environment = merged_environment(options.environment);
  for (auto& word : options.argv)
    plan.argv.push_back(word.data());
  plan.argv.push_back(nullptr);
  for (auto& entry : plan.environment)
    plan.envp.push_back(entry.data());
  plan.envp.push_back(nullptr);
  if (!options.directory.empty())
    plan.directory = options.directory.c_str();
  if (options.user && options.user->uid != geteuid())
    plan.user = &*options.user;
  plan.input = input;
  plan.output = output;
  if (output < 0 && !options.log_file.empty())
    plan.log = options.log_file.c_str();
  plan.report = to_parent.get();
  plan.death_signal = options.death_signal;
  plan.parent = getpid();
  plan.keep = &options.keep_descriptors;
  const auto child = fork();
  if (child == 0)
    run_child(plan);
  if (child < 0)
    return system_failure("cannot start " + options.name);
  to_parent.reset();
  launch_failure told{};
  ssize_t got = 0;
  do
    got = read(from_child.get(), &told, sizeof told);
  while (got < 0 && errno == EINTR);
  if (got == 0)
    return child; // the pipe closed itself at exec
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const auto step = std::min<size_t>(
      static_cast<size_t>(std::max(0, told.step)), steps.size() - 1);
  errno = told.error;
  return system_failure("cannot start " + options.name + " (" +
                        options.argv[0] + "): cannot " + steps[step]);
}

child_exit decode(int status) {
  if (WIFSIGNALED(status))
    return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

} // namespace

std::string to_string(const child_exit& e) {
  if (e.signal != 0)
    return "signal " + std::to_string(e.signal) + " (" + strsignal(e.signal) +
           ")";
  return "exit code " + std::to_string(e.code);
}

result<child_process> child_process::start(child_options options) {
  EP_CHECK(!options.argv.empty());
  descriptor input{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const auto pid = launch(options, input.get(), -1);
  if (!pid)
    return pid.error();
  child_process out;
  out.options_ = std::move(options);
  out.pid_ = *pid;
  return out;
}

child_process::child_process(child_process&& other) noexcept
    : options_(std::move(other.options_)), pid_(std::exchange(other.pid_, 0)),
      ended_(other.ended_), kill_at_(other.kill_at_) {}

child_process& child_process::operator=(child_process&& other) noexcept {
  if (this != &other) {
    signal(SIGKILL);
    wait();
    options_ = std::move(other.options_);
    pid_ = std::exchange(other.pid_, 0);
    ended_ = other.ended_;
    kill_at_ = other.kill_at_;
  }
  return *this;
}

child_process::~child_process() {
  signal(SIGKILL);
  wait();
}

std::optional<child_exit> child_process::poll() {
  if (pid_ == 0)
    return ended_;
  int status = 0;
  const auto got = waitpid(pid_, &status, WNOHANG);
  if (got == pid_) {
    ended_ = decode(status);
    pid_ = 0;
  }
  return ended_;
}

void child_process::signal(int number) {
  if (pid_ != 0)
    kill(pid_, number);
}

child_exit child_process::stop() {
  begin_stop();
  return finish_stop();
}

void child_process::begin_stop() {
  if (pid_ == 0 || kill_at_)
    return;
  signal(options_.stop_signal);
  kill_at_ = clock::now() + options_.grace;
}

child_exit child_process::finish_stop() {
  while (running() && !poll()) {
    if (kill_at_ && clock::now() >= *kill_at_) {
      signal(SIGKILL);
      break;
    }
    std::this_thread::sleep_for(5ms); // waitpid has no deadline of its own
  }
  return wait();
}

child_exit child_process::wait() {
  int status = 0;
  while (pid_ != 0) {
    const auto got = waitpid(pid_, &status, 0);
    if (got < 0 && errno == EINTR)
      continue;
    ended_ = got == pid_ ? decode(status) : child_exit{};
    pid_ = 0;
  }
  return ended_.value_or(child_exit{});
}

result<run_outcome> run_program(child_options options, const std::string& input,
                                std::chrono::milliseconds limit) {
  constexpr size_t input_bytes_max = 60 << 10; // fits a pipe, so never blocks
  constexpr size_t output_bytes_max = 64 << 10;
  EP_CHECK(input.size() <= input_bytes_max);
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) != 0)
    return system_failure("cannot start " + options.name);
  descriptor in_read{in[0]}, in_write{in[1]};
  if (pipe2(out, O_CLOEXEC) != 0)
    return system_failure("cannot start " + options.name);
  descriptor out_read{out[0]}, out_write{out[1]};
  if (write(in_write.get(), input.data(), input.size()) !=
      static_cast<ssize_t>(input.size()))
    return system_failure("cannot write to " + options.name);
  in_write.reset();
  const auto pid = launch(options, in_read.get(), out_write.get());
  if (!pid)
    return pid.error();
  out_write.reset();
  in_read.reset();
  run_outcome done;
  const auto end = clock::now() + limit;
  bool late = false;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - clock::now());
    late = left.count() <= 0;
    if (late)
      break;
    pollfd wait_for{out_read.get(), POLLIN, 0};
    if (poll(&wait_for, 1, static_cast<int>(left.count())) <= 0)
      continue;
    std::array<char, 4096> piece;
    const auto got = read(out_read.get(), piece.data(), piece.size());
    if (got <= 0)
      break;
    done.output.append(piece.data(), static_cast<size_t>(got));
    if (done.output.size() > output_bytes_max)
      done.output.erase(0, done.output.size() - output_bytes_max);
  }
  if (late)
    kill(*pid, SIGKILL);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (late)
    return failure{errc::timed_out, options.name + " did not end in time"};
  done.exit = decode(status);
  return done;
}

} // namespace eventpulse

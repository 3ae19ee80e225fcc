#define CAF_SUITE app_processes
#include <caf/test/unit_test.hpp>

#include "runtime/app/managed_process.hpp"
#include "runtime/app/processes.hpp"
#include "tests/unit/app/scratch.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

child_options shell(const std::string& script) {
  child_options out;
  out.name = "shell";
  out.argv = {"/bin/sh", "-c", script};
  return out;
}

bool within(std::chrono::milliseconds limit,
            const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

} // namespace

CAF_TEST(a program that cannot be executed is told with the reason) {
  child_options options;
  options.name = "thing";
  options.argv = {"/nonexistent/thing"};
  const auto child = child_process::start(options);
  CAF_REQUIRE(!child.ok());
  CAF_CHECK_EQUAL(child.error().detail,
                  "cannot start thing (/nonexistent/thing): cannot execute "
                  "it: No such file or directory");
}

CAF_TEST(the way a child ended is known) {
  auto child = child_process::start(shell("exit 3"));
  CAF_REQUIRE(child.ok());
  CAF_REQUIRE(within(10s, [&] { return child->poll().has_value(); }));
  CAF_CHECK_EQUAL(to_string(*child->poll()), "exit code 3");
  CAF_CHECK(!child->running());
  auto killed = child_process::start(shell("kill -9 $$"));
  CAF_REQUIRE(killed.ok());
  CAF_REQUIRE(within(10s, [&] { return killed->poll().has_value(); }));
  CAF_CHECK_EQUAL(to_string(*killed->poll()), "signal 9 (Killed)");
}

CAF_TEST(a child that does not listen is killed after its grace) {
  scratch dir;
  auto options = shell("trap '' TERM; echo up; while :; do sleep 0.05; done");
  options.grace = 200ms;
  options.log_file = (dir.path / "log").string();
  auto child = child_process::start(options);
  CAF_REQUIRE(child.ok());
  CAF_REQUIRE(
      within(10s, [&] { return log_tail(options.log_file, 1) == "up"; }));
  CAF_CHECK_EQUAL(child->stop().signal, SIGKILL);
  CAF_CHECK_EQUAL(child->pid(), 0);
}

CAF_TEST(a child gets its environment and log and nothing of ours but that) {
  scratch dir;
  auto options = shell("echo \"$EP_X $LC_ALL\"; ls /proc/self/fd | wc -l");
  options.environment = {{"EP_X", "given"}};
  options.log_file = (dir.path / "log").string();
  auto child = child_process::start(options);
  CAF_REQUIRE(child.ok());
  CAF_REQUIRE(within(10s, [&] { return child->poll().has_value(); }));
  // 0, 1, 2 and the one with which ls reads the directory.
  CAF_CHECK_EQUAL(log_tail(options.log_file, 9), "given C.UTF-8\n4");
}

CAF_TEST(a child dies when its parent is killed) {
  int ends[2];
  CAF_REQUIRE_EQUAL(pipe(ends), 0);
  const auto parent = fork();
  if (parent == 0) {
    auto child = child_process::start(shell("while :; do sleep 0.05; done"));
    const auto pid = child.ok() ? child->pid() : 0;
    [[maybe_unused]] const auto told = write(ends[1], &pid, sizeof pid);
    pause();
    _exit(0);
  }
  pid_t child = 0;
  CAF_REQUIRE_EQUAL(read(ends[0], &child, sizeof child),
                    static_cast<ssize_t>(sizeof child));
  CAF_REQUIRE(child > 0);
  // As its new parent we see it end; otherwise init would.
  CAF_REQUIRE_EQUAL(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  int status = 0;
  CAF_CHECK(
      within(10s, [&] { return waitpid(child, &status, WNOHANG) == child; }));
  CAF_CHECK(WIFSIGNALED(status));
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  close(ends[0]);
  close(ends[1]);
}

CAF_TEST(root hands a child to another user) {
  if (geteuid() != 0) {
    CAF_MESSAGE("skipped: 1, needs root");
    return;
  }
  auto options = shell("id -u; id -G");
  options.user = user_identity{12345, 12345, "12345"};
  const auto done = run_program(options, "", 10s);
  CAF_REQUIRE(done.ok());
  CAF_CHECK_EQUAL(done->output, "12345\n12345\n");
  CAF_CHECK(!may_access(*options.user, "/etc/shadow", R_OK));
  CAF_CHECK(may_access(*options.user, "/etc/passwd", R_OK));
}

CAF_TEST(a program run to its end gives its output and takes input) {
  const auto done =
      run_program(shell("cat; echo no >&2; exit 4"), "yes\n", 10s);
  CAF_REQUIRE(done.ok());
  CAF_CHECK_EQUAL(done->output, "yes\nno\n");
  CAF_CHECK_EQUAL(done->exit.code, 4);
}

CAF_TEST(a program that takes too long is ended) {
  const auto done = run_program(shell("exec sleep 60"), "", 100ms);
  CAF_REQUIRE(!done.ok());
  CAF_CHECK(done.error().code == errc::timed_out);
}

CAF_TEST(a log is cut at its bound while its writer goes on) {
  scratch dir;
  const auto path = dir.write("log", std::string(100, 'x'));
  bound_log(path, 100);
  CAF_CHECK_EQUAL(std::filesystem::file_size(path), 100u);
  bound_log(path, 99);
  CAF_CHECK_EQUAL(std::filesystem::file_size(path), 0u);
  CAF_CHECK_EQUAL(std::filesystem::file_size(path + ".1"), 100u);
}

CAF_TEST(a managed child is started again after it died) {
  managed_options options;
  options.child = shell("exec sleep 60");
  options.ready = [] { return true; };
  options.back_off_min = 50ms;
  managed_process child{options};
  CAF_REQUIRE(child.start_and_wait(0).ok());
  const auto first = child.pid();
  kill(first, SIGKILL);
  std::string told;
  CAF_CHECK(within(10s, [&] {
    told += child.tick() + "|";
    return child.generation() == 2;
  }));
  CAF_CHECK(told.find("shell ended: signal 9") != std::string::npos);
  CAF_CHECK(told.find("answers again") != std::string::npos);
  CAF_CHECK(child.pid() != first);
  child.begin_stop();
  CAF_CHECK_EQUAL(child.finish_stop().signal, SIGTERM);
  CAF_CHECK_EQUAL(child.tick(), "");
}

CAF_TEST(the wait grows with each failure up to its bound) {
  managed_options options;
  options.child = shell("exit 1");
  options.ready = [] { return false; };
  options.back_off_min = 1ms;
  options.back_off_max = 4ms;
  managed_process child{options};
  CAF_REQUIRE(!child.start_and_wait(0).ok());
  CAF_CHECK_EQUAL(child.tick(), ""); // it was never up: nothing to restart
  managed_options good = options;
  good.child = shell("exec sleep 60");
  good.ready = [] { return true; };
  managed_process other{good};
  CAF_REQUIRE(other.start_and_wait(0).ok());
  std::string waits;
  for (int i = 0; i < 4; ++i) {
    other.kill();
    CAF_REQUIRE(other.start_and_wait(0).ok());
  }
  kill(other.pid(), SIGKILL);
  CAF_CHECK(within(10s, [&] {
    waits += other.tick();
    return !waits.empty();
  }));
  CAF_CHECK(waits.find("again in 4 ms") != std::string::npos);
}

CAF_TEST(a child that ends before it answers is told with its log) {
  scratch dir;
  managed_options options;
  options.child = shell("echo first; echo the reason; exit 1");
  options.child.log_file = (dir.path / "log").string();
  options.ready = [] { return false; };
  managed_process child{options};
  const auto done = child.start_and_wait(0);
  CAF_REQUIRE(!done.ok());
  CAF_CHECK(done.error().detail.find("shell ended: exit code 1") == 0);
  CAF_CHECK(done.error().detail.find("the reason") != std::string::npos);
}

#define CAF_SUITE app_up
#include <caf/test/unit_test.hpp>

#include "runtime/app/processes.hpp"
#include "runtime/app/readiness.hpp"
#include "runtime/app/up.hpp"
#include "tests/unit/app/scratch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <sstream>
#include <thread>

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

// Stands in for the program: both roles say that they are ready and stay.
constexpr auto program = "#!/bin/sh\n"
                         "env | grep ^EVENTPULSE_ >&2\n"
                         "[ \"$1\" = worker ] && : > \"$3\"\n"
                         "while :; do sleep 0.05; done\n";

constexpr auto elsewhere = "postgresql://elsewhere/db";

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

std::string read(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool alive(int64_t pid) {
  return kill(static_cast<pid_t>(pid), 0) == 0;
}

/// `up` in a process of its own, as in life; adopts what it leaves behind.
struct fixture {
  scratch dir;
  up_options options;
  up_hooks hooks;
  pid_t up = 0;

  fixture() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    std::filesystem::permissions(dir.path, std::filesystem::perms{0755});
    options.program = dir.write("program", program);
    std::filesystem::permissions(options.program, std::filesystem::perms{0755});
    options.data_dir = dir.path / "data";
    options.ready_file = (dir.path / "ready.json").string();
    options.base.server.port = 0;
    options.base.database.url = elsewhere; // saves most tests an initdb
    options.intake_ready = [](const settings&) { return true; };
    hooks.migrate = [](const settings&) { return result<void>{}; };
    hooks.admin_key = [](const settings&, const std::string&,
                         key_origin) -> result<bool> { return true; };
  }

  ~fixture() {
    if (up)
      kill(up, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0) {
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
  }

  void start() {
    up = fork();
    if (up == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL); // an aborted test leaves nothing
      std::ofstream out{dir.path / "out"}, err{dir.path / "err"};
      const auto code = run_up(options, hooks, out, err);
      out.close();
      err.close();
      _exit(code);
    }
  }

  int finish() {
    int status = 0;
    waitpid(up, &status, 0);
    up = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  bool ready() {
    return within(60s,
                  [&] { return std::filesystem::exists(options.ready_file); });
  }

  boost::json::value told() {
    return boost::json::parse(read(options.ready_file));
  }

  int64_t pid(const char* name) {
    return told().at("pids").at(name).as_int64();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(up_tests, fixture)

CAF_TEST(all that a user needs is told once everything answers) {
  options.base.database.url.clear();
  start();
  CAF_REQUIRE(ready());
  const auto all = told();
  const auto key = std::string{all.at("admin_key").as_string()};
  CAF_CHECK(key.starts_with("ep_"));
  CAF_CHECK_EQUAL(read(dir.path / "data/admin_key"), key + "\n");
  CAF_CHECK(
      std::string{all.at("redis_url").as_string()}.starts_with("unix://"));
  for (const auto* name : {"intake", "worker", "redis", "postgres"})
    CAF_CHECK(alive(pid(name)));
  CAF_CHECK_EQUAL(std::filesystem::file_size(dir.path / "data/secrets.key"),
                  32u);
  CAF_CHECK(within(10s, [&] {
    const auto out = read(dir.path / "out");
    return out.find("curl -sS " + std::string{all.at("address").as_string()}) !=
               std::string::npos &&
           out.find("Bearer " + key) != std::string::npos;
  }));
  const auto given = read(dir.path / "data/logs/intake.log");
  CAF_CHECK(given.find("EVENTPULSE_DATABASE_URL=postgresql:///eventpulse") !=
            std::string::npos);
  CAF_CHECK(given.find("EVENTPULSE_SECRETS_KEY_FILE=/") != std::string::npos);
  kill(up, SIGTERM);
  CAF_CHECK_EQUAL(finish(), 0);
  CAF_CHECK(!std::filesystem::exists(options.ready_file));
}

CAF_TEST(the key of the first start is that of the next) {
  start();
  CAF_REQUIRE(ready());
  const auto key = std::string{told().at("admin_key").as_string()};
  kill(up, SIGINT);
  CAF_CHECK_EQUAL(finish(), 0);
  hooks.admin_key = [key](const settings&, const std::string& given,
                          key_origin origin) -> result<bool> {
    return given == key && origin == key_origin::kept;
  };
  start();
  CAF_REQUIRE(ready());
  CAF_CHECK_EQUAL(std::string{told().at("admin_key").as_string()}, key);
  kill(up, SIGINT);
  CAF_CHECK_EQUAL(finish(), 0);
  hooks.admin_key = [](const settings&, const std::string&,
                       key_origin) -> result<bool> { return false; };
  start();
  CAF_REQUIRE(ready());
  CAF_CHECK(told().at("admin_key").is_null());
}

CAF_TEST(what died is started again and told anew) {
  options.base.database.url.clear();
  start();
  CAF_REQUIRE(ready());
  for (const auto* name : {"intake", "worker", "redis", "postgres"}) {
    const auto old = pid(name);
    kill(static_cast<pid_t>(old), SIGKILL);
    CAF_CHECK(within(60s, [&] { return pid(name) != old; }));
    CAF_CHECK(alive(pid(name)));
  }
}

CAF_TEST(nothing is left behind when it is killed) {
  options.base.database.url.clear();
  start();
  CAF_REQUIRE(ready());
  const auto all = {pid("intake"), pid("worker"), pid("redis"),
                    pid("postgres")};
  kill(up, SIGKILL);
  finish();
  CAF_CHECK(within(60s, [&] {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return std::none_of(all.begin(), all.end(), alive);
  }));
  start(); // and the directory is free
  std::filesystem::remove(options.ready_file);
  CAF_CHECK(ready());
}

CAF_TEST(a second one on the same data is told who holds it) {
  start();
  CAF_REQUIRE(ready());
  std::ostringstream out, err;
  auto second = options;
  second.ready_file.clear();
  CAF_CHECK_EQUAL(run_up(second, hooks, out, err), exit_code::failed);
  CAF_CHECK(err.str().find("in use by process " + std::to_string(up)) !=
            std::string::npos);
}

CAF_TEST(a port that is taken is told at once) {
  start();
  CAF_REQUIRE(ready());
  const auto other = dir.path / "other";
  const auto held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  CAF_REQUIRE_EQUAL(bind(held, reinterpret_cast<sockaddr*>(&at), size), 0);
  CAF_REQUIRE_EQUAL(listen(held, 1), 0);
  getsockname(held, reinterpret_cast<sockaddr*>(&at), &size);
  auto second = options;
  second.ready_file.clear();
  second.data_dir = other;
  second.base.server.port = ntohs(at.sin_port);
  std::ostringstream out, err;
  CAF_CHECK_EQUAL(run_up(second, hooks, out, err), exit_code::failed);
  CAF_CHECK(err.str().find("Address already in use; choose another port") !=
            std::string::npos);
  close(held);
}

CAF_TEST(a failed migration stops the start and everything with it) {
  hooks.migrate = [](const settings&) {
    return result<void>{errc::unavailable, "no schema today"};
  };
  std::ostringstream out, err;
  CAF_CHECK_EQUAL(run_up(options, hooks, out, err), exit_code::unavailable);
  CAF_CHECK(err.str().find("no schema today") != std::string::npos);
  CAF_CHECK_EQUAL(waitpid(-1, nullptr, WNOHANG), -1); // no child is left
}

CAF_TEST(a child that does not start is told with its last words) {
  dir.write("program", "#!/bin/sh\necho \"$1 has a bad day\"\nexit 1\n");
  std::ostringstream out, err;
  CAF_CHECK_EQUAL(run_up(options, hooks, out, err), exit_code::failed);
  CAF_CHECK(err.str().find("has a bad day") != std::string::npos);
  CAF_CHECK(err.str().find("did not start") != std::string::npos);
}

CAF_TEST(a server whose URL is configured is not started) {
  start();
  CAF_REQUIRE(ready());
  CAF_CHECK(told().at("pids").at("postgres").is_null());
  const auto all = told(); // holds what the next line looks at
  CAF_CHECK_EQUAL(std::string{all.at("database_url").as_string()}, elsewhere);
  CAF_CHECK(!std::filesystem::exists(dir.path / "data/postgres"));
}

CAF_TEST_FIXTURE_SCOPE_END()

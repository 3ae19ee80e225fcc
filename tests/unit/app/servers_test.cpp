#define CAF_SUITE app_servers
#include <caf/test/unit_test.hpp>

#include "runtime/app/private_postgres.hpp"
#include "runtime/app/readiness.hpp"
#include "runtime/app/servers.hpp"
#include "tests/unit/app/scratch.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <thread>

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

embedded_options in(const std::filesystem::path& path) {
  embedded_options out;
  out.data_dir = path;
  out.durability = survives::kill;
  return out;
}

embedded_options redis_only(const std::filesystem::path& path) {
  auto out = in(path);
  out.start_postgres = false;
  return out;
}

std::string redis_socket(const std::string& url) {
  constexpr std::string_view scheme = "unix://";
  return url.substr(scheme.size(), url.find('?') - scheme.size());
}

/// What psql prints for one statement.
std::string ask(const std::string& url, const std::string& sql) {
  child_options psql;
  psql.name = "psql";
  psql.argv = {"/usr/bin/psql", "-qtAX", "-c", sql, url};
  const auto done = run_program(psql, "", 30s);
  return done ? done->output : to_string(done.error());
}

uid_t owner_of(pid_t pid) {
  struct stat is {};
  stat(("/proc/" + std::to_string(pid)).c_str(), &is);
  return is.st_uid;
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

#define REQUIRE_OK(outcome)                                                    \
  do {                                                                         \
    if (!(outcome).ok())                                                       \
      CAF_FAIL((outcome).error().detail);                                      \
  } while (false)

} // namespace

CAF_TEST(both servers answer and what they hold outlives them) {
  scratch dir;
  {
    auto durable = in(dir.path / "data");
    durable.durability = survives::power_loss;
    auto servers = embedded_servers::start(durable);
    REQUIRE_OK(servers);
    auto& s = **servers;
    CAF_CHECK(redis_answers(redis_socket(s.redis_url()), 1s));
    CAF_CHECK_EQUAL(ask(s.database_url(), "SHOW fsync"), "on\n");
    CAF_CHECK_EQUAL(ask(s.database_url(), "SHOW server_encoding"), "UTF8\n");
    CAF_CHECK_EQUAL(ask(s.database_url(), "CREATE TABLE t AS SELECT 7 AS n"),
                    "");
    CAF_CHECK(owner_of(s.postgres_pid()) != 0);
    CAF_CHECK(owner_of(s.redis_pid()) != 0);
    struct stat is {};
    CAF_CHECK_EQUAL(stat((dir.path / "data").c_str(), &is), 0);
    CAF_CHECK_EQUAL(is.st_mode & 0777, 0700u);
  }
  auto again = embedded_servers::start(in(dir.path / "data"));
  REQUIRE_OK(again);
  CAF_CHECK_EQUAL(ask((*again)->database_url(), "SELECT n FROM t"), "7\n");
}

CAF_TEST(killed servers are started again) {
  scratch dir;
  std::filesystem::permissions(dir.path, std::filesystem::perms{0755});
  auto servers = embedded_servers::start(in(dir.path / "data"));
  REQUIRE_OK(servers);
  auto& s = **servers;
  CAF_CHECK_EQUAL(s.directory().run(), s.directory().path() / "run");
  const auto redis = s.redis_pid(), postgres = s.postgres_pid();
  kill(redis, SIGKILL);
  kill(postgres, SIGKILL);
  CAF_REQUIRE(within(10s, [&] {
    s.tick();
    return !s.all_ready();
  }));
  CAF_CHECK(within(60s, [&] {
    s.tick();
    return s.all_ready() && s.redis_pid() != redis &&
           s.postgres_pid() != postgres;
  }));
  CAF_CHECK_EQUAL(ask(s.database_url(), "SELECT 1"), "1\n");
  s.kill_redis();
  CAF_CHECK(!redis_answers(redis_socket(s.redis_url()), 100ms));
  REQUIRE_OK(s.start_redis());
  CAF_CHECK(redis_answers(redis_socket(s.redis_url()), 1s));
  s.kill_postgres();
  REQUIRE_OK(s.start_postgres());
  CAF_CHECK_EQUAL(ask(s.database_url(), "SELECT 1"), "1\n");
}

CAF_TEST(a directory in use is refused with its holder) {
  scratch dir;
  const auto first = data_directory::open(dir.path / "data");
  REQUIRE_OK(first);
  const auto second = data_directory::open(dir.path / "data");
  CAF_REQUIRE(!second.ok());
  CAF_CHECK(second.error().code == errc::conflict);
  CAF_CHECK(second.error().detail.find("in use by process " +
                                       std::to_string(getpid())) !=
            std::string::npos);
}

CAF_TEST(a path too long for a socket gets its sockets elsewhere) {
  scratch dir;
  const auto deep = dir.path / std::string(100, 'd');
  std::filesystem::create_directory(deep);
  std::filesystem::permissions(dir.path, std::filesystem::perms{0755});
  std::filesystem::path run;
  {
    auto servers = embedded_servers::start(in(deep / "data"));
    REQUIRE_OK(servers);
    run = (*servers)->directory().run();
    CAF_CHECK(run.string().size() < 90);
    CAF_CHECK_EQUAL(ask((*servers)->database_url(), "SELECT 1"), "1\n");
    struct stat is {};
    CAF_CHECK_EQUAL(stat(run.c_str(), &is), 0);
    CAF_CHECK_EQUAL(is.st_mode & 0777, 0700u);
  }
  CAF_CHECK(!std::filesystem::exists(run));
}

CAF_TEST(a private run directory of a killed run is removed at the next start) {
  scratch dir;
  const auto deep = dir.path / std::string(100, 'd');
  std::filesystem::path left;
  const auto child = fork();
  if (child == 0) {
    const auto opened = data_directory::open(deep);
    _exit(opened.ok() ? 0 : 1); // without destructors, as a kill does
  }
  int status = 0;
  waitpid(child, &status, 0);
  CAF_REQUIRE_EQUAL(status, 0);
  std::ifstream{deep / "run_directory"} >> left;
  CAF_REQUIRE(std::filesystem::exists(left));
  REQUIRE_OK(data_directory::open(deep));
  CAF_CHECK(!std::filesystem::exists(left));
}

CAF_TEST(root reaches a directory whose owner cannot search its parents) {
  if (geteuid() != 0) {
    CAF_MESSAGE("skipped: 1, needs root");
    return;
  }
  scratch dir; // mode 0700, as /root is
  auto servers = embedded_servers::start(in(dir.path / "clone/data"));
  REQUIRE_OK(servers);
  auto& s = **servers;
  CAF_CHECK(s.directory().child_path("x") != (s.directory().path() / "x"));
  CAF_CHECK_EQUAL(ask(s.database_url(), "SELECT 1"), "1\n");
  CAF_CHECK(redis_answers(redis_socket(s.redis_url()), 1s));
  CAF_CHECK(owner_of(s.postgres_pid()) != 0);
}

CAF_TEST(root does not give away a directory that holds something else) {
  if (geteuid() != 0) {
    CAF_MESSAGE("skipped: 1, needs root");
    return;
  }
  scratch dir;
  std::filesystem::create_directory(dir.path / "documents");
  const auto opened = data_directory::open(dir.path);
  CAF_REQUIRE(!opened.ok());
  CAF_CHECK(opened.error().detail.find("belongs to root") != std::string::npos);
  CAF_CHECK(!data_directory::open("/srv").ok());
}

CAF_TEST(what is no directory is refused) {
  scratch dir;
  CAF_CHECK(!data_directory::open(dir.write("f", "x")).ok());
  CAF_CHECK(!data_directory::open("").ok());
}

CAF_TEST(half a cluster of a killed initdb is made anew) {
  scratch dir;
  {
    auto first = data_directory::open(dir.path / "data");
    REQUIRE_OK(first);
  }
  std::filesystem::create_directory(dir.path / "data/postgres.new");
  std::ofstream{dir.path / "data/postgres.new/PG_VERSION"} << "1\n";
  auto servers = embedded_servers::start(in(dir.path / "data"));
  REQUIRE_OK(servers);
  CAF_CHECK_EQUAL(ask((*servers)->database_url(), "SELECT 1"), "1\n");
}

CAF_TEST(data of a version that is not installed is refused by name) {
  scratch dir;
  {
    auto first = data_directory::open(dir.path / "data");
    REQUIRE_OK(first);
  }
  std::filesystem::create_directory(dir.path / "data/postgres");
  std::ofstream{dir.path / "data/postgres/PG_VERSION"} << "9\n";
  const auto servers = embedded_servers::start(in(dir.path / "data"));
  CAF_REQUIRE(!servers.ok());
  CAF_CHECK(servers.error().detail.find("postgresql-9") != std::string::npos);
}

CAF_TEST(a file is replaced whole and private) {
  scratch dir;
  const auto opened = data_directory::open(dir.path / "data");
  REQUIRE_OK(opened);
  const auto& at = **opened;
  CAF_CHECK(at.read_private("admin_key").error().code == errc::not_found);
  REQUIRE_OK(at.write_private("admin_key", "one"));
  REQUIRE_OK(at.write_private("admin_key", "two"));
  const auto kept = at.read_private("admin_key");
  REQUIRE_OK(kept);
  CAF_CHECK_EQUAL(*kept, "two");
  struct stat is {};
  CAF_CHECK_EQUAL(stat((at.path() / "admin_key").c_str(), &is), 0);
  CAF_CHECK_EQUAL(is.st_mode & 0777, 0600u);
  CAF_CHECK_EQUAL(is.st_uid, at.owner().uid);
}

CAF_TEST(redis alone runs where postgres is configured elsewhere) {
  scratch dir;
  auto servers = embedded_servers::start(redis_only(dir.path / "data"));
  REQUIRE_OK(servers);
  CAF_CHECK_EQUAL((*servers)->database_url(), "");
  CAF_CHECK_EQUAL((*servers)->postgres_pid(), 0);
  CAF_CHECK((*servers)->all_ready());
}

CAF_TEST(a port is found or refused with the reason) {
  uint16_t port = 0;
  CAF_CHECK_EQUAL(why_not_listen("127.0.0.1", port), "");
  CAF_CHECK(port != 0);
  CAF_CHECK(why_not_listen("nowhere", port).find("no numeric") !=
            std::string::npos);
  CAF_CHECK(!http_answers("127.0.0.1", port, "/readyz", 100ms));
}

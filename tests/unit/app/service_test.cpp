#define CAF_SUITE app_service
#include <caf/test/unit_test.hpp>

// What a service manager is told, and the units that we ship for it.

#include "runtime/app/processes.hpp"
#include "runtime/app/service_notice.hpp"
#include "tests/support/source_tree.hpp"
#include "tests/unit/app/scratch.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

/// The manager's end of the socket.
class manager {
public:
  explicit manager(const std::string& path) {
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, path.c_str(), path.size());
    if (fd_ < 0 ||
        bind(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0)
      throw std::runtime_error("bind failed");
  }
  ~manager() { close(fd_); }

  std::string heard() const {
    char text[256];
    const auto got = recv(fd_, text, sizeof text, 0);
    return got < 0 ? "" : std::string{text, static_cast<size_t>(got)};
  }

private:
  int fd_ = -1;
};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::filesystem::path units() {
  return eventpulse::testing::source_tree() / "config/systemd";
}

} // namespace

CAF_TEST(a_manager_that_listens_is_told) {
  scratch dir;
  const auto path = dir.write("x", "") + ".sock";
  manager m{path};
  service_notice notice{path};
  notice.tell("READY=1");
  CAF_CHECK_EQUAL(m.heard(), "READY=1");
  CAF_CHECK_EQUAL(m.heard(), "");
}

CAF_TEST(without_a_manager_nothing_is_said) {
  service_notice{}.tell("READY=1");
  service_notice{"/nowhere/at/all"}.tell("READY=1");
  service_notice{std::string(200, 'x')}.tell("READY=1");
  unsetenv("NOTIFY_SOCKET");
  unsetenv("WATCHDOG_USEC");
  CAF_CHECK(!service_notice::of_environment().watchdog_interval);
}

CAF_TEST(the_watchdog_is_for_the_process_it_names) {
  setenv("WATCHDOG_USEC", "30000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  auto notice = service_notice::of_environment();
  CAF_REQUIRE(notice.watchdog_interval);
  CAF_CHECK(*notice.watchdog_interval == 15s);
  setenv("WATCHDOG_PID", "1", 1);
  CAF_CHECK(!service_notice::of_environment().watchdog_interval);
  setenv("WATCHDOG_USEC", "soon", 1);
  unsetenv("WATCHDOG_PID");
  CAF_CHECK(!service_notice::of_environment().watchdog_interval);
  unsetenv("WATCHDOG_USEC");
}

CAF_TEST(the_units_are_what_systemd_takes) {
  if (std::system("command -v systemd-analyze > /dev/null") != 0) {
    CAF_MESSAGE("no systemd-analyze here: the units are not verified");
    return;
  }
  scratch dir;
  for (const auto* name :
       {"eventpulse-intake.service", "eventpulse-worker.service"}) {
    // The program and the user are where it is installed, not here.
    auto text = text_of(units() / name);
    CAF_REQUIRE(!text.empty());
    const auto at = text.find("/usr/local/bin/eventpulse");
    CAF_REQUIRE(at != std::string::npos);
    text.replace(at, std::strlen("/usr/local/bin/eventpulse"), "/bin/true");
    for (const auto* line : {"User=eventpulse\n", "Group=eventpulse\n"})
      if (const auto from = text.find(line); from != std::string::npos)
        text.erase(from, std::strlen(line));
    child_options o;
    o.name = "systemd-analyze";
    o.argv = {"/bin/sh", "-c",
              "systemd-analyze --man=no verify " + dir.write(name, text) +
                  " 2>&1 | grep " + name};
    const auto done = run_program(std::move(o), "", 60s);
    CAF_REQUIRE(done.ok());
    CAF_CHECK_EQUAL(done->output, "");
  }
}

CAF_TEST(the_units_end_no_process_that_still_drains) {
  CAF_CHECK(text_of(units() / "eventpulse-worker.service")
                .find("TimeoutStopSec=30s") != std::string::npos);
  for (const auto* name :
       {"eventpulse-intake.service", "eventpulse-worker.service"}) {
    const auto text = text_of(units() / name);
    for (const auto* line :
         {"Type=notify\n", "Restart=always\n", "NoNewPrivileges=yes\n",
          "ProtectSystem=strict\n", "CapabilityBoundingSet=\n"})
      CAF_CHECK_EQUAL(text.find(line) == std::string::npos ? line : "", "");
  }
}

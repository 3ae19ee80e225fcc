// Exit codes and words where what a command needs is not there.

#define CAF_SUITE cli_away
#include <caf/test/unit_test.hpp>

#include "tests/integration/cli/binary.hpp"

#include <unistd.h>

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Nobody listens on port 1.
const std::vector<std::string> servers{"--database.url",
                                       "postgresql://ep@127.0.0.1:1/ep",
                                       "--stream.url", "redis://127.0.0.1:1"};

run_result with_servers(std::vector<std::string> words) {
  words.insert(words.end(), servers.begin(), servers.end());
  return run_product(std::move(words));
}

/// As somebody who may not read what root has.
run_result as_nobody(std::vector<std::string> words) {
  words.insert(words.begin(), product_binary());
  if (::geteuid() == 0)
    words.insert(words.begin(), {"/usr/bin/setpriv", "--reuid=65534",
                                 "--regid=65534", "--clear-groups"});
  return run(std::move(words));
}

} // namespace

CAF_TEST(servers that are away are exit code 3) {
  scratch_directory dir;
  CAF_CHECK_EQUAL(with_servers({"migrate"}).code, 3);
  CAF_CHECK_EQUAL(with_servers({"backup", dir.path / "b"}).code, 3);
  CAF_CHECK_EQUAL(with_servers({"erase", "--subject", "x"}).code, 3);
  CAF_CHECK_EQUAL(with_servers({"up", "--data", dir.path / "d"}).code, 3);
  CAF_CHECK_EQUAL(run_product({"tail"}, {},
                              {{"EVENTPULSE_URL", "http://127.0.0.1:1"},
                               {"EVENTPULSE_KEY", "ep_x"}})
                      .code,
                  3);
}

CAF_TEST(a variable that is no setting is refused with the near name) {
  const auto said =
      run_product({"doctor"}, {}, {{"EVENTPULSE_OUTBUOND_ALLOW", "::/0"}});
  CAF_CHECK_EQUAL(said.code, 2);
  CAF_CHECK(holds(said.output, "did you mean 'EVENTPULSE_OUTBOUND_ALLOW'?"));
}

CAF_TEST(the data of another user is said to be denied) {
  scratch_directory dir;
  std::filesystem::create_directories(dir.path / "run");
  dir.write("admin_key", "ep_x\n");
  const auto none = std::filesystem::perms::none;
  std::filesystem::permissions(dir.path, none);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"doctor"}, {"rules", "list"}, {"erase", "--subject", "x"}}) {
    auto given = words;
    given.insert(given.end(), {"--data", dir.path.string()});
    CAF_CHECK(holds(as_nobody(given).output, "permission denied"));
  }
  std::filesystem::permissions(dir.path, std::filesystem::perms::owner_all);
}

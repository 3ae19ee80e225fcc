// What the server answers is what schema/openapi says it answers: every status
// that the document names is brought about and checked by a validator that is
// not ours.

#define CAF_SUITE e2e_contract
#include <caf/test/unit_test.hpp>

#include "tests/support/cluster.hpp"
#include "tests/support/http_receiver.hpp"
#include "tests/support/npm_script.hpp"

#include <stdlib.h>

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

struct fixture {
  cluster p;
  http_receiver hook;
  uint16_t worker_port = 0;

  fixture() {
    CAF_REQUIRE_EQUAL(why_not_listen("127.0.0.1", worker_port), "");
    // Inherited by the worker; intake has no use for it.
    setenv("EVENTPULSE_WORKER_PORT", std::to_string(worker_port).c_str(), 1);
    p.start_worker("worker");
    CAF_REQUIRE(p.intake_ready());
    CAF_REQUIRE(eventually(
        [&] {
          return http_answers("127.0.0.1", worker_port, "/readyz",
                              std::chrono::milliseconds(500));
        },
        patience));
  }
  ~fixture() { unsetenv("EVENTPULSE_WORKER_PORT"); }

  void phase(const std::string& name) {
    CAF_MESSAGE(run_npm_script(
        p, "contract.mjs", {name, (p.dir().path / "state.json").string()},
        {{"EVENTPULSE_HOOK", hook.url("/hook")},
         {"EVENTPULSE_WORKER_URL",
          "http://127.0.0.1:" + std::to_string(worker_port)}}));
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(contract, fixture)

CAF_TEST(every documented answer is given and is as documented) {
  phase("use");
  p.kill("worker");
  phase("no-worker");
  p.servers().kill_postgres();
  phase("no-database");
  p.servers().kill_redis();
  phase("no-stream");
  phase("done");
}

CAF_TEST_FIXTURE_SCOPE_END()

// What an author of rules sees of the commands, in front of a server whose
// answers the test gives.

#define CAF_SUITE cli_rules
#include <caf/test/unit_test.hpp>

#include "tests/integration/cli/binary.hpp"
#include "tests/support/http_receiver.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string good = "id: good\nkind: match\nwhen: event.type == 'a'\n";
const std::string failing =
    "id: failing\nkind: match\nwhen: event.type == 'a'\n"
    "tests: [{name: t, events: [], alerts: [{at: 1s}]}]\n";

struct fixture {
  scratch_directory dir;
  std::string state = "active";

  http_receiver server{[this](const received_request& r) {
    return answer(200, holds(r.head, "/status")
                           ? R"({"state":")" + state + R"("})"
                           : std::string{R"({"id":"good","version":1})"});
  }};

  run_result product(std::vector<std::string> words,
                     const std::string& url = {}) {
    return run_product(std::move(words), {},
                       {{"EVENTPULSE_URL", url.empty() ? server.url("") : url},
                        {"EVENTPULSE_KEY", "ep_x"}});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(rules, fixture)

CAF_TEST(a rule that is published and live is said to be) {
  const auto file = dir.write("good.yaml", good);
  const auto said = product({"rules", "publish", file});
  CAF_CHECK_EQUAL(said.code, 0);
  CAF_CHECK_EQUAL(said.output, "good version 1 active\n");
  const auto made =
      json::parse(product({"rules", "publish", file, "--json"}).output);
  CAF_CHECK_EQUAL(json::serialize(made),
                  R"([{"path":")" + file +
                      R"(","id":"good","version":1,"state":"active"}])");
}

CAF_TEST(a rule that does not get live in time is said not to be) {
  state = "pending";
  const auto said = product({"rules", "publish", dir.write("g.yaml", good)});
  CAF_CHECK_EQUAL(said.code, 3);
  CAF_CHECK(holds(said.output, "good is published, but not live yet"));
}

CAF_TEST(nothing is published where one file is bad or fails its tests) {
  const auto first = dir.write("good.yaml", good);
  for (const auto& bad :
       {dir.write("bad.yaml", "id: bad\nkind: match\nwhen: evnt.x\n"),
        dir.write("failing.yaml", failing), dir.path.string() + "/none"}) {
    const auto said = product({"rules", "publish", first, bad});
    CAF_CHECK_EQUAL(said.code, 1);
    CAF_CHECK(holds(said.output, "nothing was published"));
  }
  CAF_CHECK(server.requests().empty());
  CAF_CHECK_EQUAL(
      product({"rules", "publish", dir.path / "failing.yaml", "--skip-tests"})
          .code,
      0);
}

CAF_TEST(a server that is away is exit code 3) {
  const std::string nowhere = "http://127.0.0.1:1";
  const auto file = dir.write("good.yaml", good);
  CAF_CHECK_EQUAL(product({"rules", "publish", file}, nowhere).code, 3);
  CAF_CHECK_EQUAL(product({"rules", "apply", file}, nowhere).code, 3);
}

CAF_TEST(files are judged without a server for people and for programs) {
  const auto bad = dir.write("bad.json", "{\"id\":\"b\",\"kind\":\"match\",\n"
                                         "\"when\":\"evnt.x\"}");
  CAF_CHECK(holds(product({"rules", "validate", bad}).output,
                  bad + ":2:9: /when: undeclared name 'evnt'"));
  const auto said = product({"rules", "validate", bad, "--json"});
  CAF_CHECK_EQUAL(said.code, 1);
  const auto one = json::parse(said.output).at(0);
  CAF_CHECK(!one.at("valid").as_bool());
  CAF_CHECK_EQUAL(one.at("errors").at(0).at("line").to_number<int>(), 2);
  CAF_CHECK_EQUAL(one.at("errors").at(0).at("column").to_number<int>(), 9);
  const auto untested = product({"rules", "test", dir.write("g.yaml", good)});
  CAF_CHECK_EQUAL(untested.code, 0);
  CAF_CHECK(holds(untested.output, "g.yaml: no tests"));
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(what is got can be published again) {
  scratch_directory dir;
  http_receiver server{[](const received_request& r) {
    return answer(200, holds(r.head, "/status")
                           ? R"({"state":"active"})"
                           : R"({"id":"r","kind":"match","when":"true",)"
                             R"("tests":[{"name":"t","events":[{"at":)"
                             R"("0s","event":{"type":"a","data":{"x":)"
                             R"(1.0}}}],"alerts":[{"at":"0s"}]}],)"
                             R"("version":7,"published_at":)"
                             R"("2026-01-02T03:04:05Z",)"
                             R"("published_by":"me"})");
  }};
  const std::map<std::string, std::string> to{
      {"EVENTPULSE_URL", server.url("")}, {"EVENTPULSE_KEY", "ep_x"}};
  const auto got = run_product({"rules", "get", "r"}, {}, to);
  CAF_CHECK_EQUAL(got.code, 0);
  CAF_CHECK(holds(got.output, "id: \"r\"\n"));
  CAF_CHECK(holds(got.output, "x: 1.0\n"));
  CAF_CHECK(!holds(got.output, "version"));
  const auto again = dir.write("r.yaml", got.output);
  CAF_CHECK_EQUAL(run_product({"rules", "publish", again}, {}, to).code, 0);
  const auto raw = run_product({"rules", "get", "r", "--json"}, {}, to);
  CAF_CHECK(holds(raw.output, "\"version\":7"));
  CAF_CHECK(holds(raw.output, "\"x\":1.0"));
}

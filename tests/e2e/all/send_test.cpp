// `eventpulse send` against servers that come and go: every line is kept once,
// and what is no event is told by its line.

#define CAF_SUITE e2e_send
#include <caf/test/unit_test.hpp>

#include "tests/integration/cli/binary.hpp"
#include "tests/support/cluster.hpp"

#include <algorithm>

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

struct fixture {
  cluster p;

  fixture() {
    p.start_worker("worker");
    CAF_REQUIRE(p.intake_ready());
  }

  std::map<std::string, std::string> environment() const {
    return {{"EVENTPULSE_URL", p.address()}, {"EVENTPULSE_KEY", p.key()}};
  }

  /// Events without ids of their own: sent again carelessly they would double.
  std::string lines(int count) const {
    std::string text;
    for (int i = 1; i <= count; ++i)
      text += "{\"type\":\"n\",\"data\":" + std::to_string(i) + "}\n";
    return p.dir().write("lines.ndjson", text);
  }

  child_process start_send(const std::vector<std::string>& words) {
    child_options o;
    o.name = "send";
    o.argv = {product_binary(), "send"};
    o.argv.insert(o.argv.end(), words.begin(), words.end());
    o.environment = environment();
    o.log_file = said_file();
    auto started = child_process::start(std::move(o));
    CAF_REQUIRE(started.ok());
    return std::move(*started);
  }
  std::string said_file() const { return (p.dir().path / "send.log").string(); }

  int end_of(child_process& child) {
    std::optional<child_exit> ended;
    CAF_CHECK(eventually([&] { return (ended = child.poll()).has_value(); },
                         patience));
    return ended ? ended->code : -1;
  }

  /// Every line from 1 to `count` is one row, and nothing else is.
  void kept_once(int64_t count) {
    CAF_CHECK(eventually(
        [&] { return p.number("SELECT count(*) FROM events") >= count; },
        patience));
    CAF_CHECK_EQUAL(p.number("SELECT count(*) FROM events"), count);
    CAF_CHECK_EQUAL(
        p.number("SELECT count(DISTINCT payload::text) FROM events"), count);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(send, fixture)

CAF_TEST(lines that are no events are told and the rest is sent) {
  std::string text;
  for (int i = 1; i <= 2500; ++i)
    text += i % 1000 == 7
                ? "{\"data\":1}\n"
                : "{\"type\":\"n\",\"data\":" + std::to_string(i) + "}\n";
  const auto path = p.dir().write("some.ndjson", text);
  const auto done = run_product({"send", path}, {}, environment());
  CAF_CHECK_EQUAL(done.code, 1);
  for (const auto* line : {":7: ", ":1007: ", ":2007: "})
    CAF_CHECK(done.output.find(path + line) != std::string::npos);
  CAF_CHECK(done.output.find("2497 accepted, 3 rejected") != std::string::npos);
  kept_once(2497);
  const auto as_json =
      run_product({"send", "--json"}, "nothing\n\n{}\n", environment());
  CAF_CHECK_EQUAL(as_json.code, 1);
  const auto said = json::parse(as_json.output);
  CAF_CHECK_EQUAL(said.at("rejected").as_int64(), 2);
  const auto& rejections = said.at("rejections").as_array();
  CAF_REQUIRE_EQUAL(rejections.size(), 2u);
  CAF_CHECK_EQUAL(rejections[0].at("line").as_int64(), 1);
  CAF_CHECK_EQUAL(rejections[1].at("line").as_int64(), 3);
}

CAF_TEST(it waits for a server that is away) {
  p.servers().kill_redis();
  auto sending = start_send({lines(3000)});
  CAF_REQUIRE(eventually(
      [&] {
        return file_text(said_file()).find("trying again") != std::string::npos;
      },
      patience));
  CAF_REQUIRE(p.servers().start_redis().ok());
  CAF_CHECK_EQUAL(end_of(sending), 0);
  kept_once(3000);
}

CAF_TEST(killed it goes on where it was) {
  const auto path = lines(20'000);
  const auto journal = (p.dir().path / "journal").string();
  auto sending = start_send({"--resume", journal, path});
  CAF_REQUIRE(
      eventually([&] { return std::filesystem::exists(journal); }, patience));
  sending.signal(SIGKILL);
  sending.finish_stop();
  // The block that was under way is sent again, under the same ids.
  const auto done =
      run_product({"send", "--resume", journal, path}, {}, environment());
  CAF_CHECK_EQUAL(done.code, 0);
  CAF_CHECK(done.output.find("20000 accepted, 0 rejected") !=
            std::string::npos);
  kept_once(20'000);
  const auto again =
      run_product({"send", "--resume", journal, path}, {}, environment());
  CAF_CHECK_EQUAL(again.code, 0);
  kept_once(20'000);
}

CAF_TEST(it survives a restart of intake in the middle) {
  auto sending = start_send({lines(20'000)});
  CAF_REQUIRE(
      eventually([&] { return p.number("SELECT count(*) FROM events") > 1000; },
                 patience));
  p.kill("intake");
  p.start_intake();
  CAF_CHECK_EQUAL(end_of(sending), 0);
  kept_once(20'000);
}

CAF_TEST_FIXTURE_SCOPE_END()

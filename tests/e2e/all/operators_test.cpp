#define CAF_SUITE operators
#include <caf/test/unit_test.hpp>

// What people do to a running system, through its command line and API, while
// its worker is killed: alerts acknowledged and resolved, rules rolled back,
// paused and resumed.

#include "tests/support/product.hpp"

#include <filesystem>

#include <signal.h>

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

// Stays true for an hour.
const std::string many = R"(
id: many
kind: threshold
when: event.type == "t"
group_by: [event.data.g]
window: {type: sliding, size: 1h}
aggregate: {n: count()}
condition: n >= 3
)";

const std::string each = R"(
id: each
kind: match
when: event.type == "e"
alert: {summary: "one"}
)";

std::string with(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  CAF_REQUIRE_NOT_EQUAL(at, std::string::npos);
  return text.replace(at, what.size(), by);
}

struct fixture {
  product p;

  void publish(const std::string& yaml) {
    p.command({"rules", "publish", p.dir().write("r.yaml", yaml)});
  }

  void send(const std::string& type, const std::string& group, int count) {
    std::string lines;
    for (int i = 0; i < count; ++i)
      lines += R"({"type":")" + type + R"(","data":{"g":")" + group + "\"}}\n";
    p.command({"send"}, lines);
  }

  /// The first alert for which `condition` holds, waited for.
  std::string alert_where(const std::string& condition) {
    const auto sql = "SELECT id FROM alert WHERE " + condition;
    if (!eventually([&] { return !p.rows(sql).empty(); }, patience))
      CAF_FAIL("no alert where " << condition << '\n' << p.log_of("worker"));
    return p.rows(sql).at(0).at(0);
  }

  int64_t alerts_where(const std::string& condition) {
    return p.number("SELECT count(*) FROM alert WHERE " + condition);
  }

  http::client_response post(const std::string& path, std::string body = {}) {
    http::client link;
    return call(link, p.request("POST", path, std::move(body)));
  }

  json::object get(const std::string& path) {
    const auto answer = p.get(path);
    CAF_REQUIRE_EQUAL(answer.status, 200u);
    return json::parse(answer.body).as_object();
  }

  bool active(const std::string& rule) {
    return eventually(
        [&] {
          return p.get("/v1/rules/" + rule + "/status?wait=active")
                     .body.find("\"state\":\"active\"") != std::string::npos;
        },
        patience);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(operators, fixture)

CAF_TEST(what an operator does to an alert outlives a killed worker) {
  publish(many);
  send("t", "a", 3);
  send("t", "b", 3);
  const auto a = alert_where(R"(group_values::text = '["a"]')");
  const auto b = alert_where(R"(group_values::text = '["b"]')");
  const auto acked =
      p.command({"alerts", "acknowledge", b, "--comment", "on it"});
  CAF_CHECK(acked.find("acknowledged by admin") != std::string::npos);
  // Nobody evaluates: it is accepted, and takes effect afterwards.
  ::kill(p.pid("worker"), SIGSTOP);
  const auto pending =
      post("/v1/alerts/" + a + "/resolve", R"({"comment":"known"})");
  CAF_CHECK_EQUAL(pending.status, 202u);
  CAF_CHECK(pending.body.find("\"pending\":\"resolve\"") != std::string::npos);
  send("t", "a", 1); // after it in the order
  CAF_REQUIRE(p.kill_child("worker"));
  alert_where("id = '" + a + "' AND state = 'resolved'");
  auto shown = get("/v1/alerts/" + a);
  CAF_CHECK_EQUAL(shown["resolve_reason"].as_string(), "by_hand");
  CAF_CHECK_EQUAL(shown["resolved_by"].as_string(), "admin");
  CAF_CHECK_EQUAL(shown["resolve_comment"].as_string(), "known");
  CAF_CHECK_EQUAL(shown["count"].to_number<int>(), 1);
  const auto again =
      alert_where(R"(group_values::text = '["a"]' AND state = 'firing')");
  CAF_CHECK_NOT_EQUAL(again, a);
  // Killed again, it replays all of it and says nothing new.
  CAF_REQUIRE(p.kill_child("worker"));
  CAF_REQUIRE(active("many"));
  send("t", "a", 1);
  alert_where("id = '" + again + "' AND count = 2");
  CAF_CHECK_EQUAL(alerts_where("true"), 3);
  CAF_CHECK_EQUAL(alerts_where("state = 'firing'"), 2);
  CAF_CHECK_EQUAL(get("/v1/alerts/" + b)["acknowledged_by"].as_string(),
                  "admin");
  // By hand and here, while all is well.
  const auto told = p.command({"audit", "--target", "alert/" + a});
  CAF_CHECK(told.find("admin\talert.resolved") != std::string::npos);
  const auto resolved = p.command({"alerts", "resolve", b});
  CAF_CHECK(resolved.find(b + " resolved") != std::string::npos);
  CAF_CHECK_EQUAL(post("/v1/alerts/" + b + "/resolve").status, 200u);
}

CAF_TEST(a rule goes back pauses and resumes across killed workers) {
  publish(each);
  publish(with(each, "\"one\"", "\"two\""));
  send("e", "x", 1);
  alert_where("summary = 'two' AND rule_version = 2");
  const auto diff = p.command({"rules", "diff", "each"});
  CAF_CHECK(diff.find("- /alert/summary: \"one\"\n"
                      "+ /alert/summary: \"two\"") != std::string::npos);
  ::kill(p.pid("worker"), SIGSTOP);
  CAF_CHECK(p.command({"rules", "rollback", "each"}).find("version 3") !=
            std::string::npos);
  send("e", "x", 1);
  CAF_REQUIRE(p.kill_child("worker"));
  alert_where("summary = 'one' AND rule_version = 3");
  // Paused where nobody looks, it misses what comes after.
  ::kill(p.pid("worker"), SIGSTOP);
  CAF_CHECK(p.command({"rules", "pause", "each"}).find("version 4") !=
            std::string::npos);
  send("e", "x", 1);
  CAF_REQUIRE(p.kill_child("worker"));
  CAF_CHECK(eventually(
      [&] {
        return get("/v1/rules/each/status")["state"].as_string() == "off";
      },
      patience));
  CAF_CHECK(p.command({"rules", "resume", "each"}).find("version 5") !=
            std::string::npos);
  CAF_REQUIRE(active("each"));
  CAF_REQUIRE(p.kill_child("worker"));
  send("e", "x", 1);
  alert_where("rule_version = 5");
  CAF_CHECK_EQUAL(alerts_where("true"), 3);
  CAF_CHECK_EQUAL(get("/v1/rules/each/versions")["items"].as_array().size(),
                  5u);
}

CAF_TEST(a directory of rules goes to the server and comes back) {
  const auto dir = p.dir().path / "rules";
  std::filesystem::create_directory(dir);
  p.dir().write("rules/many.yaml", many);
  p.dir().write("rules/each.yaml", each);
  const auto here = dir.string();
  const auto planned = p.command({"rules", "apply", here, "--dry-run"});
  CAF_CHECK(planned.find("each would be published") != std::string::npos);
  CAF_CHECK(get("/v1/rules")["items"].as_array().empty());
  const auto applied = p.command({"rules", "apply", here});
  CAF_CHECK(applied.find("each version 1 active") != std::string::npos);
  CAF_CHECK(applied.find("many version 1 active") != std::string::npos);
  CAF_CHECK_EQUAL(p.command({"rules", "diff", here}), "");
  // Changed elsewhere, it is pulled into its own file when that is asked for.
  publish(with(each, "\"one\"", "\"two\""));
  const auto fails = [&](const std::vector<std::string>& words) {
    try {
      p.command(words);
      return false;
    } catch (const std::runtime_error&) {
      return true;
    }
  };
  CAF_CHECK(fails({"rules", "diff", here}));
  CAF_CHECK(fails({"rules", "pull", here}));
  const auto pulled = p.command({"rules", "pull", here, "--overwrite"});
  CAF_CHECK(pulled.find("each.yaml: version 2 written") != std::string::npos);
  CAF_CHECK(pulled.find("many.yaml: version 1 unchanged") != std::string::npos);
  CAF_CHECK_EQUAL(p.command({"rules", "diff", here}), "");
  // What is in no file goes when that is asked for.
  std::filesystem::remove(dir / "many.yaml");
  CAF_CHECK(p.command({"rules", "apply", here}).find("1 unchanged") !=
            std::string::npos);
  CAF_CHECK(
      p.command({"rules", "apply", here, "--prune"}).find("many removed") !=
      std::string::npos);
  const auto elsewhere = (p.dir().path / "pulled").string();
  p.command({"rules", "pull", elsewhere});
  CAF_CHECK(std::filesystem::exists(elsewhere + "/each.yaml"));
  CAF_CHECK(!std::filesystem::exists(elsewhere + "/many.yaml"));
  const auto audit = p.command({"audit", "--target", "rule/many"});
  CAF_CHECK(audit.find("admin\trule.deleted\trule/many") != std::string::npos);
  CAF_CHECK(audit.find("admin\trule.published\trule/many") !=
            std::string::npos);
}

CAF_TEST(an event is found by a condition and tells its story) {
  publish(each);
  p.command({"send"}, "{\"type\":\"e\",\"source\":\"/s\",\"id\":\"1\","
                      "\"data\":{\"n\": 1.50}}\n"
                      "{\"type\":\"f\",\"source\":\"/s\",\"id\":\"2\","
                      "\"data\":{\"n\":7}}\n");
  const auto alert = alert_where("true");
  const auto found =
      p.command({"events", "list", "--where", "event.data.n < 2", "--json"});
  CAF_CHECK(found.find("\"id\":\"1\"") != std::string::npos);
  CAF_CHECK(found.find("\"id\":\"2\"") == std::string::npos);
  const auto shown = p.get("/v1/events/%2Fs/1");
  CAF_CHECK(shown.body.find("\"data\":{\"n\": 1.50}") != std::string::npos);
  const auto story = json::parse(shown.body).at("event_story").as_object();
  CAF_CHECK_EQUAL(story.at("accepted_by").as_string(), "admin");
  CAF_REQUIRE_EQUAL(story.at("rules").as_array().size(), 1u);
  CAF_CHECK_EQUAL(story.at("rules").at(0).at("rule").as_string(), "each");
  CAF_REQUIRE_EQUAL(story.at("alerts").as_array().size(), 1u);
  CAF_CHECK_EQUAL(std::string(story.at("alerts").at(0).at("id").as_string()),
                  alert);
  const auto wrong = p.get("/v1/events?where=event.data.n%20%3C");
  CAF_CHECK_EQUAL(wrong.status, 422u);
  CAF_CHECK(wrong.body.find("^") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()

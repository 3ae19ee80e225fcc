// Schemas of event types and the life of a dead letter, with the real binary:
// what intake refuses is kept whatever is killed, and comes back once.

#define CAF_SUITE e2e_dead_letters
#include <caf/test/unit_test.hpp>

#include "tests/support/cluster.hpp"

#include <atomic>
#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

const std::string number_schema =
    R"({"type":"object","properties":{"total":{"type":"number"}},)"
    R"("required":["total"]})";
const std::string text_schema =
    R"({"properties":{"total":{"type":["number","string"]}}})";

struct fixture {
  cluster p;

  fixture() {
    p.start_worker("worker");
    CAF_REQUIRE(p.intake_ready());
  }

  http::client_response send(const std::string& method, const std::string& path,
                             const std::string& body = {}) {
    http::client link;
    return call(link, p.request(method, path, body, "application/json"));
  }
  json::value get(const std::string& path) {
    auto answer = send("GET", path);
    CAF_REQUIRE_EQUAL(answer.status, 200u);
    return json::parse(answer.body);
  }

  int64_t letters(const std::string& where = "true") {
    return p.number("SELECT count(*) FROM dead_letter WHERE " + where);
  }
  bool letters_become(int64_t count) {
    return eventually([&] { return letters() >= count; }, patience) &&
           letters() == count;
  }
  bool stored(int64_t count, const std::string& where = "true") {
    return eventually(
        [&] {
          return p.number("SELECT count(*) FROM events WHERE " + where) ==
                 count;
        },
        patience);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(dead_letters, fixture)

CAF_TEST(a_refused_event_comes_back_once_its_schema_is_mended) {
  auto file = p.dir().write("order.json", number_schema);
  CAF_CHECK_EQUAL(p.command({"event-types", "put", "order", file}),
                  "order version 1\n");
  const std::string bad = "{\"type\": \"order\",  \"data\":{\"total\":\"12\"}}";
  auto refused = send("POST", "/v1/events", bad);
  CAF_REQUIRE_EQUAL(refused.status, 422u);
  auto errors = json::parse(refused.body).at("errors");
  CAF_CHECK_EQUAL(json::serialize(errors.at(0).at("pointer")),
                  "\"#/data/total\"");
  CAF_REQUIRE(letters_become(1));
  auto listed = get("/v1/dead-letters?state=pending&type=order");
  CAF_REQUIRE_EQUAL(listed.at("items").as_array().size(), 1u);
  auto id = std::string(listed.at("items").at(0).at("id").as_string());
  auto shown = get("/v1/dead-letters/" + id);
  CAF_CHECK_EQUAL(std::string(shown.at("original").as_string()), bad);
  CAF_CHECK(p.rows("SELECT convert_from(original, 'UTF8') FROM dead_letter")
                .at(0)
                .at(0) == bad);
  CAF_CHECK(p.command({"dead-letters", "show", id}).find(bad) !=
            std::string::npos);
  CAF_CHECK_EQUAL(send("POST", "/v1/dead-letters/" + id + "/replay").status,
                  422u);
  p.command({"event-types", "put", "order",
             p.dir().write("order2.json", text_schema)});
  auto event_id = std::string(shown.at("event_id").as_string());
  auto done = p.command({"dead-letters", "replay", "--type", "order"});
  CAF_CHECK(done.find(event_id) != std::string::npos);
  CAF_CHECK(done.find("1 replayed, 0 still refused") != std::string::npos);
  CAF_REQUIRE(stored(1));
  auto row = p.rows("SELECT id, source, payload::text FROM events").at(0);
  CAF_CHECK_EQUAL(row[0], event_id);
  CAF_CHECK_EQUAL(row[1], "admin");
  CAF_CHECK_EQUAL(row[2], R"({"total":"12"})");
  CAF_CHECK_EQUAL(send("POST", "/v1/dead-letters/" + id + "/replay").status,
                  409u);
  CAF_CHECK_EQUAL(letters("state = 'replayed'"), 1);
  CAF_CHECK_EQUAL(p.number("SELECT count(*) FROM events"), 1);
}

CAF_TEST(schemas_hold_while_postgresql_is_away_and_intake_starts_anew) {
  CAF_REQUIRE_EQUAL(send("PUT", "/v1/event-types/order", number_schema).status,
                    201u);
  CAF_REQUIRE_EQUAL(send("POST", "/v1/events", R"({"type":"order"})").status,
                    422u);
  p.servers().kill_postgres();
  p.kill("intake");
  p.start_intake();
  CAF_REQUIRE(p.intake_ready());
  auto bad = send("POST", "/v1/events", R"({"type":"order","data":{}})");
  CAF_CHECK_EQUAL(bad.status, 422u);
  auto good =
      send("POST", "/v1/events", R"({"type":"order","data":{"total":1}})");
  CAF_CHECK_EQUAL(good.status, 202u);
  CAF_REQUIRE(p.servers().start_postgres().ok());
  CAF_CHECK(stored(1));
  CAF_CHECK(letters_become(2)); // what was refused meanwhile is there too
}

CAF_TEST(a_worker_killed_while_it_moves_loses_and_doubles_nothing) {
  // More than a page, so that kills fall between pages and inside them. The
  // rate of what is kept of one key is bounded; slower than that.
  constexpr int total = 240;
  std::atomic<int> sent{0};
  auto base = p.request("POST", "/v1/events");
  std::thread client([&, base]() mutable {
    http::client link;
    base.headers.emplace_back("Content-Type", "application/json");
    for (int i = 0; i < total; ++i) {
      base.body = "{\"broken\": " + std::to_string(i);
      if (call(link, base).status != 400)
        break;
      ++sent;
      std::this_thread::sleep_for(std::chrono::milliseconds(12));
    }
  });
  for (int n = 0; n < 4; ++n) {
    auto seen = letters();
    CAF_CHECK(eventually([&] { return letters() > seen || sent == total; },
                         patience));
    auto name = n == 0 ? "worker" : "worker-" + std::to_string(n);
    p.kill(name);
    p.start_worker("worker-" + std::to_string(n + 1));
  }
  client.join();
  CAF_REQUIRE_EQUAL(sent, total);
  CAF_CHECK(letters_become(total));
  CAF_CHECK_EQUAL(p.number("SELECT count(DISTINCT original) FROM dead_letter"),
                  total);
}

CAF_TEST_FIXTURE_SCOPE_END()

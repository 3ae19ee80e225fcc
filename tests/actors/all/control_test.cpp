#define CAF_SUITE control
#define FAIL CAF_FAIL

// The control and the health actor: requests in, answers out, and a control
// row's place in the stream.

#include "actors/control.hpp"
#include "actors/control_routes.hpp"
#include "actors/health.hpp"
#include "actors/key_keeper.hpp"
#include "actors/stream_writer.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/query_limits.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

const std::string rule_r = R"({"id":"r","kind":"match","when":"true"})";

std::string rule_when(const std::string& condition) {
  return R"({"id":"r","kind":"match","when":")" + condition + "\"}";
}

std::string nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']');
}

struct fixture : actor_fixture {
  metrics meters{metrics_options{}};
  control_actor desk;
  stream_writer_actor writer;
  key_keeper_actor keeper;
  std::vector<http_reply> replies;

  fixture() {
    for (auto s :
         {scope::admin, scope::rules_read, scope::rules_write,
          scope::events_read, scope::alerts_read, scope::alerts_write}) {
      api_key key;
      key.id = key.name = std::string(to_string(s));
      key.hash = sha256_hex("ep_" + key.name);
      key.scopes = {s};
      CAF_REQUIRE(memory::make_key_store(db)->add(key).ok());
    }
    CAF_REQUIRE(stream->open(0, {}).ok());
    desk = start_desk();
    start_others();
  }
  ~fixture() override {
    desk = nullptr;
    writer = nullptr;
    keeper = nullptr;
  }

  control_actor start_desk() {
    control_setup setup;
    setup.open_stores = [this] {
      auto out = std::make_unique<control_stores>();
      out->rules = memory::make_rule_store(db);
      out->channels = memory::make_channel_store(db);
      out->keys = memory::make_key_store(db);
      out->events = memory::make_event_store(db);
      out->outcomes = memory::make_outcome_store(db);
      out->deliveries = memory::make_delivery_store(db);
      return out;
    };
    setup.open_hints = [this] { return memory::make_hint_bus(stream); };
    setup.directory = directory;
    setup.surroundings = surroundings;
    setup.log = log;
    auto made = live(sys.spawn(control, setup));
    settle();
    return made;
  }

  void start_others() {
    stream_writer_setup writes;
    writes.open_log = [this] { return memory::make_appender(stream); };
    writes.log = log;
    writes.detached = false;
    writer = live(spawn_stream_writer(sys, writes));
    announce("stream_writer", caf::actor_cast<caf::actor>(writer));
    key_keeper_setup keeps;
    keeps.open_store = [this] { return memory::make_key_store(db); };
    keeps.open_mirror = [this] { return memory::make_key_mirror(stream); };
    keeps.directory = directory;
    keeps.log = log;
    keeper = live(sys.spawn(key_keeper, keeps));
    settle();
  }

  http_exchange request(const std::string& method, const std::string& target,
                        std::string body = {}, http_headers more = {},
                        const std::string& key = "admin") {
    auto head = std::make_shared<http_request>();
    head->method = method;
    auto mark = target.find('?');
    head->path = target.substr(0, mark);
    head->query = mark == target.npos ? "" : target.substr(mark + 1);
    head->headers = std::move(more);
    head->headers.emplace_back("Authorization", "Bearer ep_" + key);
    http_exchange call;
    call.head = head;
    call.body = std::move(body);
    call.reply = [this](http_reply r) { replies.push_back(std::move(r)); };
    return call;
  }

  http_response last() {
    if (replies.size() != 1)
      CAF_FAIL(replies.size() << " replies");
    return std::get<http_response>(replies.front());
  }

  http_response ask_desk(const std::string& method, const std::string& target,
                         std::string body = {}, http_headers more = {},
                         const std::string& key = "admin") {
    replies.clear();
    caf::anon_send(
        desk, request(method, target, std::move(body), std::move(more), key));
    settle();
    return last();
  }

  static json::object body_of(const http_response& r) {
    json::parse_options deep;
    deep.max_depth = 2000;
    return json::parse(r.body, {}, deep).as_object();
  }
  static std::string header(const http_response& r, std::string_view name) {
    http_request head;
    head.headers = r.headers;
    return std::string(find_header(head, name));
  }
  size_t in_stream() { return stream->entries(0).size(); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(control_tests, fixture)

// --- routes ------------------------------------------------------------------

CAF_TEST(unknown_routes_and_methods_are_told_apart) {
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/nothing").status, 404u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/a/b/c").status, 404u);
  auto r = ask_desk("PATCH", "/v1/rules/r");
  CAF_CHECK_EQUAL(r.status, 405u);
  CAF_CHECK_EQUAL(header(r, "Allow"), "GET, PUT, DELETE");
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/%zz").status, 400u);
}

CAF_TEST(every_route_needs_a_key_with_its_scope) {
  for (auto& route : control_routes()) {
    std::string path(route.path);
    for (auto at = path.find('{'); at != path.npos; at = path.find('{'))
      path.replace(at, path.find('}') - at + 1, "x");
    std::string method(route.method);
    CAF_CHECK_EQUAL(ask_desk(method, path, "", {}, "nobody").status, 401u);
    auto lesser =
        route.needed == scope::events_read ? "alerts:read" : "events:read";
    CAF_CHECK_EQUAL(ask_desk(method, path, "", {}, lesser).status, 403u);
    auto named = std::string(to_string(route.needed));
    auto status = ask_desk(method, path, "", {}, named).status;
    CAF_CHECK(status != 401 && status != 403 && status < 500);
  }
}

CAF_TEST(before_the_keys_are_known_it_says_that_it_starts) {
  control_setup setup;
  auto elsewhere = directory;
  directory = live(spawn_directory(sys));
  auto early = start_desk();
  directory = elsewhere;
  caf::anon_send(early, request("GET", "/v1/rules"));
  settle();
  CAF_CHECK_EQUAL(last().status, 503u);
}

CAF_TEST(a_database_that_is_away_is_503) {
  break_store("rule_store.list", failure{errc::unavailable, "away"});
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules").status, 503u);
}

// --- rules -------------------------------------------------------------------

CAF_TEST(a_rule_is_published_shown_replaced_and_removed) {
  auto r = ask_desk("PUT", "/v1/rules/r", rule_r);
  CAF_CHECK_EQUAL(r.status, 201u);
  CAF_CHECK_EQUAL(header(r, "ETag"), "\"1\"");
  CAF_REQUIRE_EQUAL(in_stream(), 1u);
  auto mark = intake::decode(stream->entries(0).front().fields);
  CAF_REQUIRE(mark.ok());
  CAF_CHECK_EQUAL(std::get<intake::control_mark>(*mark).row,
                  db->controls.begin()->first);
  CAF_CHECK_EQUAL(stream->hints("rules"), 1u);
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/rules/r", rule_r).status, 200u);
  auto shown = ask_desk("GET", "/v1/rules/r");
  CAF_CHECK_EQUAL(header(shown, "ETag"), "\"2\"");
  CAF_CHECK_EQUAL(body_of(shown)["published_by"].as_string(), "admin");
  CAF_CHECK_EQUAL(ask_desk("DELETE", "/v1/rules/r").status, 204u);
  CAF_CHECK_EQUAL(in_stream(), 3u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/r").status, 404u);
  CAF_CHECK_EQUAL(ask_desk("DELETE", "/v1/rules/r").status, 404u);
  auto all = body_of(ask_desk("GET", "/v1/rules/r/versions"));
  CAF_CHECK_EQUAL(all["items"].as_array().size(), 3u);
}

CAF_TEST(preconditions_are_kept) {
  http_headers none{{"If-None-Match", "*"}};
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/rules/r", rule_r, none).status, 201u);
  auto again = ask_desk("PUT", "/v1/rules/r", rule_r, none).status;
  CAF_CHECK_EQUAL(again, 412u);
  http_headers two{{"If-Match", "\"2\""}};
  auto wrong = ask_desk("PUT", "/v1/rules/r", rule_r, two).status;
  CAF_CHECK_EQUAL(wrong, 412u);
  CAF_CHECK_EQUAL(ask_desk("DELETE", "/v1/rules/r", "", two).status, 412u);
  CAF_CHECK_EQUAL(
      ask_desk("PUT", "/v1/rules/r", rule_r, {{"If-Match", "\"1\""}}).status,
      200u);
  CAF_CHECK(
      ask_desk("PUT", "/v1/rules/r", rule_r, {{"If-Match", "\"x\""}}).status >=
      400u);
  CAF_CHECK_EQUAL(in_stream(), 2u);
}

CAF_TEST(a_rule_is_created_where_there_is_none) {
  auto r = ask_desk("POST", "/v1/rules", rule_r);
  CAF_CHECK_EQUAL(r.status, 201u);
  CAF_CHECK_EQUAL(header(r, "Location"), "/v1/rules/r");
  CAF_CHECK_EQUAL(header(r, "ETag"), "\"1\"");
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules", rule_r).status, 409u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules", "{}").status, 422u);
  CAF_CHECK_EQUAL(in_stream(), 1u);
}

CAF_TEST(versions_are_shown_page_by_page_and_compared) {
  for (auto* when : {"1 == 1", "2 == 2", "3 == 3"})
    ask_desk("PUT", "/v1/rules/r", rule_when(when));
  auto page = body_of(ask_desk("GET", "/v1/rules/r/versions?limit=2"));
  CAF_CHECK_EQUAL(page["items"].as_array().size(), 2u);
  CAF_CHECK_EQUAL(page["next"].as_string(), "2");
  page = body_of(ask_desk("GET", "/v1/rules/r/versions?limit=2&cursor=2"));
  CAF_CHECK_EQUAL(page["items"].as_array().size(), 1u);
  CAF_CHECK(page["next"].is_null());
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/no/versions").status, 404u);
  auto second = ask_desk("GET", "/v1/rules/r/versions/2");
  CAF_CHECK_EQUAL(body_of(second)["when"].as_string(), "2 == 2");
  CAF_CHECK_EQUAL(header(second, "ETag"), "\"2\"");
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/r/versions/4").status, 404u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/r/versions/x").status, 422u);
  auto diff = body_of(ask_desk("GET", "/v1/rules/r/diff"));
  CAF_CHECK_EQUAL(json::serialize(diff),
                  R"({"rule":"r","from":2,"to":3,"keeps_state":false,)"
                  R"("changes":[{"pointer":"/when","from":"2 == 2",)"
                  R"("to":"3 == 3"}]})");
  diff = body_of(ask_desk("GET", "/v1/rules/r/diff?from=3&to=1"));
  CAF_CHECK_EQUAL(diff["changes"].as_array().size(), 1u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/r/diff?to=1").status, 404u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/r/diff?to=0").status, 422u);
}

CAF_TEST(a_rollback_publishes_an_earlier_version_again) {
  ask_desk("PUT", "/v1/rules/r", rule_when("1 == 1"));
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/r/rollback").status, 404u);
  ask_desk("PUT", "/v1/rules/r", rule_when("2 == 2"));
  auto r = ask_desk("POST", "/v1/rules/r/rollback");
  CAF_CHECK_EQUAL(r.status, 200u);
  CAF_CHECK_EQUAL(header(r, "ETag"), "\"3\"");
  CAF_CHECK_EQUAL(body_of(r)["when"].as_string(), "1 == 1");
  CAF_CHECK_EQUAL(in_stream(), 3u);
  r = ask_desk("POST", "/v1/rules/r/rollback", R"({"version":2})");
  CAF_CHECK_EQUAL(body_of(r)["when"].as_string(), "2 == 2");
  auto roll = [&](const std::string& body, http_headers more = {}) {
    return ask_desk("POST", "/v1/rules/r/rollback", body, more).status;
  };
  CAF_CHECK_EQUAL(roll(R"({"version":4})"), 409u); // the present one
  CAF_CHECK_EQUAL(roll(R"({"version":9})"), 404u);
  CAF_CHECK_EQUAL(roll(R"({"version":"1"})"), 422u);
  CAF_CHECK_EQUAL(roll(R"({"to":1})"), 422u);
  CAF_CHECK_EQUAL(roll("{"), 400u);
  CAF_CHECK_EQUAL(roll("", {{"If-Match", "\"3\""}}), 412u);
  CAF_CHECK_EQUAL(in_stream(), 4u);
  CAF_CHECK_EQUAL(roll("", {{"If-Match", "\"4\""}}), 200u);
}

CAF_TEST(a_removed_rule_comes_back_by_a_rollback) {
  ask_desk("PUT", "/v1/rules/r", rule_r);
  ask_desk("DELETE", "/v1/rules/r");
  CAF_CHECK_EQUAL(
      ask_desk("POST", "/v1/rules/r/rollback", R"({"version":2})").status,
      409u);
  auto r = ask_desk("POST", "/v1/rules/r/rollback");
  CAF_CHECK_EQUAL(r.status, 200u);
  CAF_CHECK_EQUAL(header(r, "ETag"), "\"3\"");
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/r").status, 200u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/no/rollback").status, 404u);
}

CAF_TEST(a_paused_rule_is_off_and_resumes_as_it_was) {
  auto shadow = rule_r;
  shadow.insert(shadow.size() - 1, R"(,"mode":"shadow")");
  ask_desk("PUT", "/v1/rules/r", shadow);
  auto r = ask_desk("POST", "/v1/rules/r/pause");
  CAF_CHECK_EQUAL(r.status, 200u);
  CAF_CHECK_EQUAL(header(r, "ETag"), "\"2\"");
  CAF_CHECK_EQUAL(body_of(r)["mode"].as_string(), "off");
  // Again changes nothing, if it is the version that is meant.
  r = ask_desk("POST", "/v1/rules/r/pause");
  CAF_CHECK_EQUAL(header(r, "ETag"), "\"2\"");
  CAF_CHECK_EQUAL(in_stream(), 2u);
  http_headers one{{"If-Match", "\"1\""}};
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/r/pause", "", one).status, 412u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/r/resume", "", one).status, 412u);
  r = ask_desk("POST", "/v1/rules/r/resume");
  CAF_CHECK_EQUAL(header(r, "ETag"), "\"3\"");
  CAF_CHECK_EQUAL(body_of(r)["mode"].as_string(), "shadow");
  r = ask_desk("POST", "/v1/rules/r/resume");
  CAF_CHECK_EQUAL(header(r, "ETag"), "\"3\"");
  CAF_CHECK_EQUAL(in_stream(), 3u);
  // One that was never anything else is live.
  auto off = rule_r;
  off.insert(off.size() - 1, R"(,"mode":"off")");
  ask_desk("DELETE", "/v1/rules/r");
  ask_desk("PUT", "/v1/rules/r", off);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/no/pause").status, 404u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/no/resume").status, 404u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/r/resume").status, 200u);
}

CAF_TEST(the_tests_of_a_document_are_run_without_publishing_it) {
  const std::string yaml = R"(
id: r
kind: match
when: event.type == "t"
tests:
  - {name: one, events: [{at: 1s, event: {type: t}}], alerts: [{at: 1s}]}
  - {name: two, events: [{at: 1s, event: {type: t}}], alerts: [{at: 2s}]}
)";
  http_headers as_yaml{{"Content-Type", "application/yaml"}};
  auto r = ask_desk("POST", "/v1/rules/test", yaml, as_yaml);
  CAF_CHECK_EQUAL(r.status, 200u);
  auto body = body_of(r);
  CAF_CHECK(!body["passed"].as_bool());
  auto& tests = body["tests"].as_array();
  CAF_REQUIRE_EQUAL(tests.size(), 2u);
  CAF_CHECK(tests[0].at("passed").as_bool());
  CAF_CHECK(!tests[1].at("passed").as_bool());
  CAF_CHECK(std::string(tests[1].at("diff").as_string()).find("- at 2s") !=
            std::string::npos);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/test", "{}").status, 422u);
  CAF_CHECK_EQUAL(in_stream(), 0u);
}

CAF_TEST(many_rules_are_applied_at_once_or_none) {
  auto document = [](const std::string& id, const std::string& more = "") {
    return R"({"id":")" + id + R"(","kind":"match","when":"true")" + more + '}';
  };
  auto apply = [&](const std::string& rules, const std::string& more = "") {
    return ask_desk("POST", "/v1/rules/apply",
                    R"({"rules":[)" + rules + ']' + more + '}');
  };
  ask_desk("PUT", "/v1/rules/old", document("old"));
  ask_desk("PUT", "/v1/rules/same", document("same"));
  CAF_REQUIRE_EQUAL(in_stream(), 2u);
  // The second names a channel that is not there: nothing is published.
  auto refused =
      apply(document("a") + ',' + document("b", R"(,"notify":["nowhere"])"));
  CAF_CHECK_EQUAL(refused.status, 422u);
  CAF_CHECK(refused.body.find("rule b") != std::string::npos);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/a").status, 404u);
  auto failing = document(
      "a", R"(,"tests":[{"name":"t","events":[],"alerts":[{"at":"1s"}]}])");
  CAF_CHECK_EQUAL(apply(failing).status, 422u);
  CAF_CHECK_EQUAL(apply(document("a") + ',' + document("a")).status, 422u);
  CAF_CHECK_EQUAL(apply("{}").status, 422u);
  CAF_CHECK_EQUAL(apply("", R"(,"prun":true)").status, 422u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/apply", "{}").status, 422u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/apply", "{").status, 400u);
  auto all = document("a") + ',' + document("same") + ',' + document("b");
  auto planned = apply(all, R"(,"prune":true,"dry_run":true)");
  CAF_CHECK_EQUAL(planned.body,
                  R"({"published":[{"id":"a"},{"id":"b"}],)"
                  R"("unchanged":["same"],"removed":[{"id":"old"}],)"
                  "\"dry_run\":true}\n");
  CAF_CHECK_EQUAL(in_stream(), 2u);
  auto done = apply(all, R"(,"prune":true)");
  CAF_CHECK_EQUAL(done.body, R"({"published":[{"id":"a","version":1},)"
                             R"({"id":"b","version":1}],"unchanged":["same"],)"
                             R"("removed":[{"id":"old","version":2}],)"
                             "\"dry_run\":false}\n");
  CAF_CHECK_EQUAL(in_stream(), 5u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/old").status, 404u);
  CAF_CHECK_EQUAL(body_of(apply(all))["unchanged"].as_array().size(), 3u);
  CAF_CHECK_EQUAL(in_stream(), 5u);
}

CAF_TEST(a_status_says_how_far_evaluation_is_behind) {
  ask_desk("PUT", "/v1/rules/r", rule_r);
  db->statuses["r"] = {"r", 1, eventpulse::rule_state::active, "me", "bad", 4,
                       5,   6};
  for (auto* id : {"1", "2", "3"}) {
    event e;
    e.document = sample_document(id);
    e.received_at_ms = surroundings->now - 700;
    e.where = {0, day_start_ms, static_cast<uint64_t>(*id)};
    db->events[e.key()] = {e, 0};
  }
  db->evaluated.key = db->events.begin()->first;
  auto body = body_of(ask_desk("GET", "/v1/rules/r/status"));
  CAF_CHECK_EQUAL(json::serialize(body["lag"]), R"({"events":2,"ms":700})");
  CAF_CHECK_EQUAL(body["owner"].as_string(), "me");
  CAF_CHECK_EQUAL(body["last_error"].as_string(), "bad");
  CAF_CHECK_EQUAL(body["groups"].to_number<int>(), 4);
}

CAF_TEST(a_rule_that_is_wrong_is_told_every_fault) {
  auto r = ask_desk("PUT", "/v1/rules/r",
                    R"({"id":"r","kind":"match","when":"1 +","colour":1})");
  CAF_CHECK_EQUAL(r.status, 422u);
  CAF_CHECK(!body_of(r)["errors"].as_array().empty());
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/rules/other", rule_r).status, 422u);
  CAF_CHECK(ask_desk("PUT", "/v1/rules/r", "{").status >= 400u);
  auto unknown = rule_r;
  unknown.insert(unknown.size() - 1, R"(,"notify":["nowhere"])");
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/rules/r", unknown).status, 422u);
  std::string huge(limits::rule_document_bytes_max + 1, ' ');
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/rules/r", huge).status, 413u);
  CAF_CHECK_EQUAL(in_stream(), 0u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/validate", rule_r).status, 200u);
}

CAF_TEST(a_rule_with_a_deep_test_event_is_published_and_shown) {
  auto deep = rule_r;
  deep.insert(deep.size() - 1,
              R"(,"tests":[{"name":"t","events":[{"at":"0s","event":)"
              R"({"type":"t","data":)" +
                  nested(40) + R"(}}],"alerts":[]}])");
  auto status = ask_desk("PUT", "/v1/rules/r", deep).status;
  CAF_CHECK_EQUAL(status, 201u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/r").status, 200u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/rules/validate", deep).status, 200u);
}

CAF_TEST(a_rule_may_be_yaml) {
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/rules/r",
                           "id: r\nkind: match\nwhen: \"true\"\n",
                           {{"Content-Type", "application/yaml"}})
                      .status,
                  201u);
}

CAF_TEST(without_a_stream_the_change_is_stored_and_placed_later) {
  stream->set_away(true);
  auto r = ask_desk("PUT", "/v1/rules/r", rule_r);
  CAF_CHECK_EQUAL(r.status, 503u);
  auto body = body_of(r);
  CAF_CHECK(std::string(body["type"].as_string()).find("outcome-unknown") !=
            std::string::npos);
  CAF_CHECK(std::string(body["detail"].as_string())
                .find(db->controls.begin()->first) != std::string::npos);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/r").status, 200u);
  stream->set_away(false);
  CAF_CHECK_EQUAL(in_stream(), 0u);
  pass(125s);
  CAF_CHECK(in_stream() >= 1u);
  // One that has its place is left alone.
  db->controls.begin()->second.placed = true;
  auto entries = in_stream();
  pass(125s);
  CAF_CHECK_EQUAL(in_stream(), entries);
}

CAF_TEST(a_caller_may_wait_until_a_rule_is_active) {
  ask_desk("PUT", "/v1/rules/r", rule_r);
  CAF_CHECK_EQUAL(
      body_of(ask_desk("GET", "/v1/rules/r/status"))["state"].as_string(),
      "pending");
  replies.clear();
  caf::anon_send(desk, request("GET", "/v1/rules/r/status?wait=active"));
  pass(1s);
  CAF_CHECK(replies.empty());
  db->statuses["r"] = {"r", 1, eventpulse::rule_state::active, "me", "", 0,
                       0,   0};
  pass(100ms);
  CAF_CHECK_EQUAL(body_of(last())["state"].as_string(), "active");
  // It is not waited for without end.
  ask_desk("PUT", "/v1/rules/r", rule_r);
  replies.clear();
  caf::anon_send(desk, request("GET", "/v1/rules/r/status?wait=active"));
  pass(6s);
  CAF_CHECK_EQUAL(body_of(last())["state"].as_string(), "pending");
}

// --- channels and keys -------------------------------------------------------

CAF_TEST(a_secret_is_shown_once) {
  auto body = R"({"kind":"webhook","url":"https://example.org/hook"})";
  auto made = ask_desk("PUT", "/v1/channels/desk", body);
  CAF_CHECK_EQUAL(made.status, 201u);
  auto secret = std::string(body_of(made)["secret"].as_string());
  CAF_CHECK(secret.starts_with("whsec_"));
  auto shown = ask_desk("GET", "/v1/channels/desk");
  CAF_CHECK(shown.body.find(secret) == std::string::npos);
  CAF_CHECK(ask_desk("GET", "/v1/channels").body.find(secret) ==
            std::string::npos);
  auto again = ask_desk("PUT", "/v1/channels/desk", body);
  CAF_CHECK_EQUAL(again.status, 200u);
  CAF_CHECK(!body_of(again).contains("secret"));
  CAF_CHECK_EQUAL(db->channels["desk"].secrets.front(), secret);
  CAF_CHECK_EQUAL(
      ask_desk("PUT", "/v1/channels/desk", R"({"kind":"fax","url":"x"})")
          .status,
      422u);
  auto rule = rule_r;
  rule.insert(rule.size() - 1, R"(,"notify":["desk"])");
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/rules/r", rule).status, 201u);
  CAF_CHECK_EQUAL(ask_desk("DELETE", "/v1/channels/desk").status, 409u);
}

CAF_TEST(a_key_that_was_made_works_at_once_and_is_shown_once) {
  auto made =
      ask_desk("POST", "/v1/keys", R"({"name":"new","scopes":["rules:read"]})");
  CAF_CHECK_EQUAL(made.status, 201u);
  auto body = body_of(made);
  auto text = std::string(body["key"].as_string());
  auto use = [&] {
    return ask_desk("GET", "/v1/rules", "",
                    {{"Authorization", "Bearer " + text}})
        .status;
  };
  CAF_CHECK_EQUAL(use(), 200u);
  CAF_CHECK(ask_desk("GET", "/v1/keys").body.find(text) == std::string::npos);
  auto id = std::string(body["id"].as_string());
  CAF_CHECK_EQUAL(ask_desk("DELETE", "/v1/keys/" + id).status, 204u);
  CAF_CHECK_EQUAL(use(), 401u);
  for (auto wrong : {"{}", R"({"name":"a b","scopes":["admin"]})",
                     R"({"name":"a","scopes":["root"]})",
                     R"({"name":"a","scopes":["admin"],"expires_at":"soon"})"})
    CAF_CHECK_EQUAL(ask_desk("POST", "/v1/keys", wrong).status, 422u);
}

// --- reading -----------------------------------------------------------------

CAF_TEST(lists_refuse_limits_and_cursors_that_are_not_theirs) {
  for (auto query : {"limit=0", "limit=x", "limit=1001", "limit=-1",
                     "cursor=nonsense", "from=yesterday"})
    CAF_CHECK_EQUAL(ask_desk("GET", std::string("/v1/events?") + query).status,
                    422u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/events?limit=1000").status, 200u);
  for (auto path : {"/v1/alerts", "/v1/deliveries", "/v1/channels"})
    CAF_CHECK_EQUAL(ask_desk("GET", path).status, 200u);
}

CAF_TEST(an_event_is_shown_however_deep_its_data_is) {
  auto lease = take_lease("p0", "me");
  auto e = sample_event({0, day_start_ms, 0}, "deep");
  e.document.source = "/a/b";
  e.document.payload = nested(60);
  CAF_REQUIRE(
      memory::make_event_store(db)->persist(sample_request(lease, {e})).ok());
  auto list = ask_desk("GET", "/v1/events");
  CAF_CHECK_EQUAL(list.status, 200u);
  CAF_CHECK_EQUAL(body_of(list)["items"].as_array().size(), 1u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/events/%2Fa%2Fb/deep").status, 200u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/events/%2Fa%2Fb/none").status, 404u);
}

// --- alerts ------------------------------------------------------------------

CAF_TEST(an_action_is_answered_when_it_has_acted) {
  auto& a = db->alerts["a1"];
  a.id = "a1";
  a.rule = "r";
  a.group_json = "[]";
  a.values_json = "{}";
  replies.clear();
  caf::anon_send(
      desk, request("POST", "/v1/alerts/a1/resolve", R"({"comment":"known"})"));
  settle();
  CAF_CHECK(replies.empty());
  CAF_REQUIRE_EQUAL(in_stream(), 1u);
  CAF_REQUIRE_EQUAL(db->controls.size(), 1u);
  auto& row = db->controls.begin()->second.what;
  auto action = parse_alert_action(row);
  CAF_REQUIRE(action);
  CAF_CHECK_EQUAL(action->comment, "known");
  CAF_CHECK_EQUAL(action->by, "admin");
  a.state = alert_state::resolved; // as the worker does
  pass(100ms);
  CAF_CHECK_EQUAL(last().status, 200u);
  CAF_CHECK_EQUAL(body_of(last())["state"].as_string(), "resolved");
  // What is resolved stays so, and is no new control.
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/alerts/a1/resolve").status, 200u);
  CAF_CHECK_EQUAL(in_stream(), 1u);
}

CAF_TEST(an_action_that_takes_long_is_accepted) {
  db->alerts["a1"].id = "a1";
  for (int i = 0; i < 2; ++i) { // the second asks for the same
    replies.clear();
    caf::anon_send(desk, request("POST", "/v1/alerts/a1/acknowledge"));
    pass(6s);
    CAF_CHECK_EQUAL(last().status, 202u);
    CAF_CHECK_EQUAL(body_of(last())["pending"].as_string(), "acknowledge");
    CAF_CHECK_EQUAL(in_stream(), 1u);
  }
}

CAF_TEST(an_action_that_is_wrong_is_refused) {
  db->alerts["a1"].id = "a1";
  auto act = [&](const std::string& body, const std::string& id = "a1") {
    return ask_desk("POST", "/v1/alerts/" + id + "/resolve", body).status;
  };
  CAF_CHECK_EQUAL(act("", "no"), 404u);
  CAF_CHECK_EQUAL(act("{"), 400u);
  CAF_CHECK_EQUAL(act("[]"), 422u);
  CAF_CHECK_EQUAL(act(R"({"comment":1})"), 422u);
  CAF_CHECK_EQUAL(act(R"({"comment":"\u0000"})"), 422u);
  CAF_CHECK_EQUAL(act(R"({"coment":"x"})"), 422u);
  std::string long_one(limits::comment_bytes_max + 1, 'x');
  CAF_CHECK_EQUAL(act(R"({"comment":")" + long_one + "\"}"), 422u);
  CAF_CHECK_EQUAL(in_stream(), 0u);
}

CAF_TEST(an_alert_is_shown_with_its_history_and_deliveries) {
  auto& a = db->alerts["a1"];
  a.id = "a1";
  a.values_json = "{}";
  a.state = alert_state::resolved;
  a.opened_at_ms = 1000;
  a.acknowledged_at_ms = 2000;
  a.acknowledged_by = "ann";
  a.acknowledge_comment = "on it";
  a.resolved_at_ms = 3000;
  a.resolve_reason = "by_hand";
  a.resolved_by = "bob";
  for (auto* id : {"d1", "d2"}) {
    auto& d = db->deliveries[id].what;
    d.id = id;
    d.alert = "a1";
    d.created_at_ms = id[1];
  }
  auto body = body_of(ask_desk("GET", "/v1/alerts/a1"));
  CAF_CHECK_EQUAL(json::serialize(body["history"]),
                  R"([{"at":"1970-01-01T00:00:01.000Z","what":"opened"},)"
                  R"({"at":"1970-01-01T00:00:02.000Z","what":"acknowledged",)"
                  R"("by":"ann","comment":"on it"},)"
                  R"({"at":"1970-01-01T00:00:03.000Z","what":"resolved",)"
                  R"("by":"bob","reason":"by_hand"}])");
  auto& deliveries = body["deliveries"].as_array();
  CAF_REQUIRE_EQUAL(deliveries.size(), 2u);
  CAF_CHECK_EQUAL(deliveries[0].at("id").as_string(), "d1");
  db->alerts["a2"].id = "a2";
  auto listed = [&](const std::string& filter) {
    auto r = ask_desk("GET", "/v1/alerts?" + filter);
    return r.status == 200 ? body_of(r)["items"].as_array().size() : r.status;
  };
  CAF_CHECK_EQUAL(listed("acknowledged=true"), 1u);
  CAF_CHECK_EQUAL(listed("acknowledged=false"), 1u);
  CAF_CHECK_EQUAL(listed("acknowledged=maybe"), 422u);
}

// --- health ------------------------------------------------------------------

namespace {

http_response ask_health(fixture& f, const health_actor& who,
                         const std::string& path,
                         const std::string& method = "GET") {
  f.replies.clear();
  caf::anon_send(who, f.request(method, path));
  f.settle();
  return f.last();
}

} // namespace

CAF_TEST(readiness_waits_for_every_part_and_for_the_stream) {
  health_setup setup;
  setup.parts = {"keys"};
  setup.asks_stream = true;
  setup.directory = directory;
  setup.meters = &meters;
  auto nurse = live(sys.spawn(health, setup));
  settle();
  CAF_CHECK_EQUAL(ask_health(*this, nurse, "/healthz").status, 200u);
  auto starting = ask_health(*this, nurse, "/readyz");
  CAF_CHECK_EQUAL(starting.status, 503u);
  CAF_CHECK_EQUAL(body_of(starting)["reasons"].as_object()["keys"].as_string(),
                  "starting");
  auto report = [&](const std::string& why) {
    caf::anon_send(nurse, report_atom::value, std::string("keys"), why);
  };
  report("");
  CAF_CHECK_EQUAL(ask_health(*this, nurse, "/readyz").status, 200u);
  stream->set_away(true);
  CAF_CHECK_EQUAL(ask_health(*this, nurse, "/readyz").status, 503u);
  stream->set_away(false);
  CAF_CHECK_EQUAL(ask_health(*this, nurse, "/readyz").status, 200u);
  report("lost");
  CAF_CHECK_EQUAL(ask_health(*this, nurse, "/readyz").status, 503u);
  kill(writer);
  report("");
  CAF_CHECK_EQUAL(ask_health(*this, nurse, "/readyz").status, 503u);
}

CAF_TEST(health_knows_its_routes_and_methods) {
  health_setup setup;
  setup.directory = directory;
  setup.meters = &meters;
  auto nurse = live(sys.spawn(health, setup));
  CAF_CHECK_EQUAL(ask_health(*this, nurse, "/metrics").status, 200u);
  CAF_CHECK_EQUAL(ask_health(*this, nurse, "/nothing").status, 404u);
  auto refused = ask_health(*this, nurse, "/healthz", "POST");
  CAF_CHECK_EQUAL(refused.status, 405u);
  CAF_CHECK_EQUAL(header(refused, "Allow"), "GET, HEAD");
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE control
#define FAIL CAF_FAIL

// The control and the health actor: requests in, answers out, and a control
// row's place in the stream.

#include "actors/control.hpp"
#include "actors/control_routes.hpp"
#include "actors/health.hpp"
#include "actors/key_keeper.hpp"
#include "actors/schema_keeper.hpp"
#include "actors/stream_writer.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/limits.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "runtime/adapters/memory/memory_intake.hpp"
#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

const std::string rule_r = R"({"id":"r","kind":"match","when":"true"})";

std::string nested(int depth) {
  return std::string(static_cast<size_t>(depth), '[') +
         std::string(static_cast<size_t>(depth), ']');
}

struct fixture : actor_fixture {
  memory::intake_tables_ptr tables =
      std::make_shared<memory::intake_tables>(db);
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
      CAF_REQUIRE(memory::make_key_store(db)->add(key, {}).ok());
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
      out->event_types = memory::make_event_type_store(tables);
      out->dead_letters = memory::make_dead_letter_store(tables);
      out->audit = memory::make_audit_store(db);
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
    schema_keeper_setup knows;
    knows.open_store = [this] { return memory::make_event_type_store(tables); };
    knows.open_mirror = [this] {
      return memory::make_event_type_mirror(stream);
    };
    knows.directory = directory;
    knows.log = log;
    live(sys.spawn(schema_keeper, knows));
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
  auto r = ask_desk("POST", "/v1/rules/r");
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
  CAF_CHECK(again == 409u || again == 412u);
  http_headers two{{"If-Match", "\"2\""}};
  auto wrong = ask_desk("PUT", "/v1/rules/r", rule_r, two).status;
  CAF_CHECK(wrong == 409u || wrong == 412u);
  CAF_CHECK_EQUAL(
      ask_desk("PUT", "/v1/rules/r", rule_r, {{"If-Match", "\"1\""}}).status,
      200u);
  CAF_CHECK(
      ask_desk("PUT", "/v1/rules/r", rule_r, {{"If-Match", "\"x\""}}).status >=
      400u);
  CAF_CHECK_EQUAL(in_stream(), 2u);
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

CAF_TEST(a_secret_is_rotated_with_an_overlap) {
  auto put = [&](const std::string& more) {
    return ask_desk("PUT", "/v1/channels/desk",
                    R"({"kind":"webhook","url":"https://example.org/")" + more +
                        '}');
  };
  auto secret_of = [](const http_response& r) {
    return std::string(body_of(r)["secret"].as_string());
  };
  auto first = secret_of(put(""));
  auto rotated = ask_desk("POST", "/v1/channels/desk/rotate");
  CAF_CHECK_EQUAL(rotated.status, 200u);
  auto second = secret_of(rotated);
  CAF_CHECK(second != first && second.starts_with("whsec_"));
  CAF_CHECK_EQUAL(body_of(rotated)["earlier_secrets_end_at"].as_array().size(),
                  1u);
  auto& kept = db->channels["desk"];
  CAF_CHECK((kept.secrets == std::vector<std::string>{second, first}));
  CAF_CHECK_EQUAL(kept.secret_ends_at_ms.front(),
                  surroundings->now + 86'400'000);
  // A secret that is given is a rotation, too.
  auto own = "whsec_" + std::string(32, 'A');
  auto given = put(R"(,"secret":")" + own + R"(","overlap":"1h")");
  CAF_CHECK_EQUAL(secret_of(given), own);
  CAF_CHECK((kept.secrets == std::vector<std::string>{own, second, first}));
  CAF_CHECK_EQUAL(kept.secret_ends_at_ms.front(),
                  surroundings->now + 3'600'000);
  // What leaked ends at once.
  auto last =
      ask_desk("POST", "/v1/channels/desk/rotate", R"({"overlap":"0s"})");
  CAF_CHECK((kept.secrets == std::vector<std::string>{secret_of(last)}));
  CAF_CHECK(!body_of(last).contains("earlier_secrets_end_at"));
  for (auto* wrong : {R"({"overlap":"31d"})", R"({"overlap":5})",
                      R"({"overlap":"soon"})", R"({"secret":"short"})",
                      R"({"secret":7})", R"({"url":"https://x"})", "[]"})
    CAF_CHECK_EQUAL(ask_desk("POST", "/v1/channels/desk/rotate", wrong).status,
                    422u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/channels/none/rotate").status, 404u);
  CAF_CHECK_EQUAL(kept.secrets.size(), 1u);
  auto told = ask_desk("GET", "/v1/audit?action=channel.secret_rotated");
  CAF_CHECK_EQUAL(body_of(told)["items"].as_array().size(), 2u);
  CAF_CHECK(told.body.find("whsec_") == std::string::npos);
}

CAF_TEST(a_test_of_a_channel_tells_what_came_of_it) {
  ask_desk("PUT", "/v1/channels/desk",
           R"({"kind":"webhook","url":"https://example.org/"})");
  replies.clear();
  caf::anon_send(desk, request("POST", "/v1/channels/desk/test"));
  pass(1s);
  CAF_REQUIRE(replies.empty()); // it is still under way
  CAF_REQUIRE_EQUAL(db->deliveries.size(), 1u);
  auto& [id, made] = *db->deliveries.begin();
  auto body = json::parse(made.what.body).as_object();
  CAF_CHECK_EQUAL(body["type"].as_string(), "channel.test");
  CAF_CHECK(body["data"].at("test").as_bool());
  attempt tried;
  tried.delivery = id;
  tried.number = 1;
  tried.status = 503;
  tried.answer_excerpt = "busy";
  CAF_REQUIRE(memory::make_delivery_store(db)
                  ->record({{tried, {delivery_state::failed, {}, false}}})
                  .ok());
  pass(100ms);
  auto r = last();
  CAF_CHECK_EQUAL(r.status, 200u);
  auto shown = body_of(r);
  CAF_CHECK_EQUAL(shown["state"].as_string(), "failed");
  CAF_CHECK(shown["test"].as_bool());
  CAF_CHECK(shown["alert"].is_null());
  CAF_CHECK_EQUAL(shown["attempts"].at(0).at("status").as_int64(), 503);
  CAF_CHECK_EQUAL(db->deliveries.size(), 1u);
  // Nobody delivers: it says so in time.
  replies.clear();
  caf::anon_send(desk, request("POST", "/v1/channels/desk/test"));
  pass(9s);
  CAF_CHECK_EQUAL(last().status, 202u);
  CAF_CHECK_EQUAL(body_of(last())["state"].as_string(), "pending");
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/channels/none/test").status, 404u);
  db->channels["desk"].disabled = true;
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/channels/desk/test").status, 409u);
}

CAF_TEST(a_delivery_is_tried_anew_and_found_by_filters) {
  db->channels["desk"] = {"desk", "webhook", "http://desk/", {}, false, 0, 0};
  delivery d;
  d.id = "d1";
  d.alert = "a1";
  d.channel = "desk";
  d.type = "alert.opened";
  d.created_at_ms = surroundings->now;
  d.state = delivery_state::failed;
  d.attempt_count = 3;
  db->deliveries["d1"].what = d;
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/deliveries/d1/retry").status, 202u);
  CAF_CHECK_EQUAL(db->deliveries["d1"].what.attempts_before, 3u);
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/deliveries/d9/retry").status, 404u);
  db->deliveries["d1"].what.state = delivery_state::delivered;
  CAF_CHECK_EQUAL(ask_desk("POST", "/v1/deliveries/d1/retry").status, 409u);
  auto found = [&](const std::string& query) {
    return body_of(ask_desk("GET", "/v1/deliveries?" + query))["items"]
        .as_array()
        .size();
  };
  CAF_CHECK_EQUAL(found("channel=desk&state=delivered&type=alert.opened"), 1u);
  CAF_CHECK_EQUAL(found("type=channel.test"), 0u);
  CAF_CHECK_EQUAL(found("to=2000-01-01T00:00:00Z"), 0u);
  CAF_CHECK_EQUAL(found("from=2000-01-01T00:00:00Z"), 1u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/deliveries?state=gone").status, 422u);
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

// --- audit -------------------------------------------------------------------

CAF_TEST(changes_are_told_with_who_made_them) {
  http_headers named{
      {"X-Request-Id", "r-17"},
      {"traceparent",
       "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}};
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/rules/r", rule_r, named).status, 201u);
  CAF_CHECK_EQUAL(ask_desk("DELETE", "/v1/rules/r").status, 204u);
  auto made = ask_desk("PUT", "/v1/channels/desk",
                       R"({"kind":"webhook","url":"https://example.org/"})");
  auto secret = std::string(body_of(made)["secret"].as_string());
  auto answer = ask_desk("GET", "/v1/audit");
  CAF_REQUIRE_EQUAL(answer.status, 200u);
  CAF_CHECK_EQUAL(answer.body.find(secret), std::string::npos);
  auto items = body_of(answer)["items"].as_array();
  CAF_REQUIRE_EQUAL(items.size(), 3u + db->keys.size());
  auto& published = items[2].as_object();
  CAF_CHECK_EQUAL(published["action"].as_string(), "rule.published");
  CAF_CHECK_EQUAL(published["target"].as_string(), "rule/r");
  CAF_CHECK_EQUAL(published["by"].at("name").as_string(), "admin");
  CAF_CHECK_EQUAL(published["request_id"].as_string(), "r-17");
  CAF_CHECK_EQUAL(published["trace_id"].as_string(),
                  "0af7651916cd43dd8448eb211c80319c");
  CAF_CHECK(published["before"].is_null());
  CAF_CHECK_EQUAL(published["after"].at("document").at("when").as_string(),
                  "true");
  auto& deleted = items[1].as_object();
  CAF_CHECK(deleted["after"].is_null());
  CAF_CHECK_EQUAL(deleted["before"].at("version").as_int64(), 1);
  // One that the client did not name has a name all the same.
  CAF_CHECK_EQUAL(deleted["request_id"].as_string().size(), 36u);
}

CAF_TEST(the_audit_is_read_in_pages) {
  for (auto* id : {"a", "b", "c"})
    CAF_REQUIRE_EQUAL(ask_desk("PUT", std::string("/v1/rules/") + id,
                               std::string(R"({"id":")") + id +
                                   R"(","kind":"match","when":"true"})")
                          .status,
                      201u);
  std::string cursor, seen;
  for (int pages = 0; pages < 3; ++pages) {
    auto page =
        body_of(ask_desk("GET", "/v1/audit?action=rule&limit=2" + cursor));
    for (auto& item : page["items"].as_array())
      seen += item.at("target").as_string();
    if (page["next"].is_null())
      break;
    cursor = "&cursor=" + std::string(page["next"].as_string());
  }
  CAF_CHECK_EQUAL(seen, "rule/crule/brule/a");
  for (auto wrong : {"cursor=x", "cursor=0", "from=soon", "limit=0", "who=me"})
    CAF_CHECK_EQUAL(ask_desk("GET", std::string("/v1/audit?") + wrong).status,
                    422u);
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
  setup.parts = std::make_shared<readiness>(std::vector<std::string>{"keys"});
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

#define CAF_SUITE control
#define FAIL CAF_FAIL

// The control and the health actor: requests in, answers out.

#include "actors/control_routes.hpp"
#include "actors/health.hpp"

#include "tests/support/control_desk.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

using fixture = control_desk;

} // namespace

CAF_TEST_FIXTURE_SCOPE(control_tests, fixture)

// --- routes ------------------------------------------------------------------

CAF_TEST(unknown_routes_and_methods_are_told_apart) {
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/nothing").status, 404u);
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/a/b/c").status, 404u);
  auto r = ask_desk("PATCH", "/v1/rules/r");
  CAF_CHECK_EQUAL(r.status, 405u);
  CAF_CHECK_EQUAL(header(r, "Allow"), "GET, HEAD, PUT, DELETE");
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

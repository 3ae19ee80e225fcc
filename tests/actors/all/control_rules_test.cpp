#define CAF_SUITE control_rules
#define FAIL CAF_FAIL

// The control routes over rules, and a control row's place in the stream.

#include "runtime/core/base/query_limits.hpp"

#include "tests/support/control_desk.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

using fixture = control_desk;

std::string rule_when(const std::string& condition) {
  return R"({"id":"r","kind":"match","when":")" + condition + "\"}";
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(control_rules_tests, fixture)

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
  CAF_CHECK_EQUAL(json::serialize(body_of(refused)["errors"]),
                  R"([{"pointer":"/rules/1/notify/0","detail":"there is no )"
                  R"(channel 'nowhere'"}])");
  CAF_CHECK_EQUAL(ask_desk("GET", "/v1/rules/a").status, 404u);
  auto failing = document(
      "a", R"(,"tests":[{"name":"t","events":[],"alerts":[{"at":"1s"}]}])");
  CAF_CHECK_EQUAL(apply(failing).status, 422u);
  CAF_CHECK_EQUAL(apply(document("a") + ',' + document("a")).status, 422u);
  CAF_CHECK_EQUAL(apply("{}").status, 422u);
  CAF_CHECK_EQUAL(apply("", R"(,"prun":true)").status, 422u);
  CAF_CHECK_EQUAL(apply("", R"(,"prune":true)").status, 422u); // all of them
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
  CAF_CHECK_EQUAL(ask_desk("PUT", "/v1/channels/fraud-desk",
                           R"({"kind":"webhook","url":"http://h/"})")
                      .status,
                  201u);
  auto unknown = ask_desk("PUT", "/v1/rules/r",
                          "id: r\nkind: match\nwhen: evnt.x\n"
                          "notify: [fraud-desk, fraud-dsk]\n",
                          {{"Content-Type", "application/yaml"}});
  CAF_CHECK_EQUAL(unknown.status, 422u);
  CAF_CHECK_EQUAL(
      json::serialize(body_of(unknown)["errors"]),
      R"([{"pointer":"/notify/1","detail":"4:22: there is no channel )"
      R"('fraud-dsk'; did you mean 'fraud-desk'?"},{"pointer":"/when",)"
      R"("detail":"3:7: undeclared name 'evnt'; did you mean 'event'?"}])");
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

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE control_alerts
#define FAIL CAF_FAIL

// The control routes over alerts: looked at, and acted on by hand.

#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/engine/alert_action.hpp"

#include "tests/support/control_desk.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

using fixture = control_desk;

} // namespace

CAF_TEST_FIXTURE_SCOPE(control_alerts_tests, fixture)

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
  auto told = body_of(ask_desk("GET", "/v1/audit?action=alert"))["items"];
  CAF_REQUIRE_EQUAL(told.as_array().size(), 1u);
  CAF_CHECK_EQUAL(told.at(0).at("action").as_string(), "alert.resolved");
  CAF_CHECK_EQUAL(told.at(0).at("target").as_string(), "alert/a1");
  CAF_CHECK_EQUAL(told.at(0).at("by").at("name").as_string(), "admin");
  CAF_CHECK(told.at(0).at("after").is_null());
  replies.clear();
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

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE delivery_render
#include <caf/test/unit_test.hpp>

#include "runtime/core/delivery/render.hpp"

#include <boost/json.hpp>

using namespace eventpulse;
namespace json = boost::json;

namespace {

alert some_alert() {
  alert a;
  a.id = "a-1";
  a.rule = "brute-force";
  a.rule_version = 3;
  a.severity = severity::critical;
  a.group_json = R"(["10.0.0.7", null, 4])";
  a.summary = "5 failed logins of \"root\"\n";
  a.values_json = R"({"count":5,"big":18446744073709551615,"avg":0.1})";
  a.count = 7;
  a.opened_at_ms = 1'700'000'000'123;
  a.last_seen_ms = 1'700'000'001'000;
  a.labels = {{"team", "sec"}};
  a.events = {{"/auth", "e1"}, {"/auth", "e2"}};
  a.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return a;
}

alert_change change_of(alert_change::kind kind, alert a) {
  return {kind, std::move(a), {"ops", "pager"}};
}

} // namespace

CAF_TEST(an_alert_has_the_shape_of_the_api) {
  auto o = json::parse(alert_json(some_alert())).as_object();
  auto expected = json::parse(R"({
    "id": "a-1", "rule": "brute-force", "rule_version": 3,
    "severity": "critical", "state": "firing", "group": ["10.0.0.7", null, 4],
    "summary": "5 failed logins of \"root\"\n",
    "values": {"count": 5, "big": 18446744073709551615, "avg": 0.1},
    "count": 7, "opened_at": "2023-11-14T22:13:20.123Z",
    "last_seen": "2023-11-14T22:13:21.000Z", "resolved_at": null,
    "labels": {"team": "sec"},
    "events": [{"source": "/auth", "id": "e1"}, {"source": "/auth", "id": "e2"}]
  })");
  CAF_CHECK_EQUAL(json::serialize(o), json::serialize(expected));
}

CAF_TEST(what_is_special_about_an_alert_is_said) {
  auto a = some_alert();
  a.state = alert_state::resolved;
  a.resolved_at_ms = 1'700'000'060'000;
  a.resolve_reason = "condition";
  a.details = "more";
  a.shadow = true;
  a.approximate = true;
  auto o = json::parse(alert_json(a)).as_object();
  CAF_CHECK(o.at("state") == "resolved");
  CAF_CHECK(o.at("resolved_at") == "2023-11-14T22:14:20.000Z");
  CAF_CHECK(o.at("resolve_reason") == "condition");
  CAF_CHECK(o.at("details") == "more");
  CAF_CHECK(o.at("shadow") == true);
  CAF_CHECK(o.at("approximate") == true);
}

CAF_TEST(each_channel_gets_one_delivery_with_one_body) {
  auto all = deliveries_of(change_of(alert_change::kind::opened, some_alert()),
                           1'700'000'002'000);
  CAF_REQUIRE_EQUAL(all.size(), 2u);
  CAF_CHECK_EQUAL(all[0].channel, "ops");
  CAF_CHECK_EQUAL(all[1].channel, "pager");
  CAF_CHECK_NOT_EQUAL(all[0].id, all[1].id);
  CAF_CHECK_EQUAL(all[0].body, all[1].body);
  CAF_CHECK_EQUAL(all[0].alert, "a-1");
  CAF_CHECK_EQUAL(all[0].type, "alert.opened");
  CAF_CHECK_EQUAL(all[0].created_at_ms, 1'700'000'002'000);
  CAF_CHECK_EQUAL(all[0].traceparent, some_alert().traceparent);
  CAF_CHECK(all[0].state == delivery_state::pending);
  CAF_CHECK_EQUAL(all[0].attempt_count, 0u);
  CAF_CHECK(all[0].id.find('.') == std::string::npos);
  auto body = json::parse(all[0].body).as_object();
  CAF_CHECK(body.at("type") == "alert.opened");
  CAF_CHECK(body.at("timestamp") == "2023-11-14T22:13:20.123Z");
  CAF_CHECK(body.at("data") == json::parse(alert_json(some_alert())));
  CAF_CHECK(all[0].body.find("\"avg\":0.1}") != std::string::npos);
}

CAF_TEST(the_same_outcome_is_the_same_message) {
  auto opened = change_of(alert_change::kind::opened, some_alert());
  auto once = deliveries_of(opened, 1);
  auto again = deliveries_of(opened, 2);
  CAF_CHECK_EQUAL(once[0].id, again[0].id);
  CAF_CHECK_EQUAL(once[0].body, again[0].body);
  auto a = some_alert();
  a.state = alert_state::resolved;
  a.resolved_at_ms = 1'700'000'060'000;
  auto resolved = deliveries_of(change_of(alert_change::kind::resolved, a), 3);
  CAF_CHECK_NOT_EQUAL(resolved[0].id, once[0].id);
  CAF_CHECK_EQUAL(resolved[0].type, "alert.resolved");
  auto body = json::parse(resolved[0].body).as_object();
  CAF_CHECK(body.at("timestamp") == "2023-11-14T22:14:20.000Z");
}

CAF_TEST(updates_and_shadow_alerts_are_told_to_nobody) {
  CAF_CHECK(
      deliveries_of(change_of(alert_change::kind::updated, some_alert()), 1)
          .empty());
  auto shadow = some_alert();
  shadow.shadow = true;
  CAF_CHECK(
      deliveries_of(change_of(alert_change::kind::opened, shadow), 1).empty());
  auto silent = change_of(alert_change::kind::opened, some_alert());
  silent.notify.clear();
  CAF_CHECK(deliveries_of(silent, 1).empty());
}

CAF_TEST(stored_json_that_is_broken_shows_as_empty) {
  auto a = some_alert();
  a.group_json = "[1,";
  a.values_json = "";
  auto o = json::parse(alert_json(a)).as_object();
  CAF_CHECK(o.at("group") == json::array{});
  CAF_CHECK(o.at("values") == json::object{});
}

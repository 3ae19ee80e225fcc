#define CAF_SUITE live_request
#include <caf/test/unit_test.hpp>

#include "runtime/core/live/live_request.hpp"
#include "tests/support/sample_events.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

using query = intake::query_parameters;

live_request good(const query& q) {
  auto read = read_live_request(q);
  if (auto* wrong = std::get_if<problem>(&read))
    CAF_FAIL(wrong->detail);
  return std::get<live_request>(std::move(read));
}

std::string refusal(const query& q) {
  auto read = read_live_request(q);
  auto* wrong = std::get_if<problem>(&read);
  if (!wrong)
    CAF_FAIL("it was taken");
  auto out = wrong->detail;
  for (auto& e : wrong->errors)
    out += "|" + e.pointer + " " + e.detail;
  return out;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

event sample(const std::string& type, const std::string& data) {
  event e;
  e.document = sample_document("e1");
  e.document.type = type;
  e.document.payload = data;
  return e;
}

bool passes(const live_request& r, const event& e) {
  return r.concerns(e, evaluation_batch::make(std::vector<event>{e}));
}

live_change alert_of(const std::string& rule, severity s, alert_state state) {
  live_change c;
  c.topic = live_topic::alerts;
  c.about = rule;
  c.after = alert{};
  c.after->severity = s;
  c.after->state = state;
  return c;
}

} // namespace

CAF_TEST(without topics it is the alerts) {
  auto r = good({});
  CAF_CHECK(r.topics == std::set{live_topic::alerts});
  CAF_CHECK(!r.wants_events());
  CAF_CHECK(r.wants_changes());
}

CAF_TEST(topics are told apart by commas) {
  auto r = good({{"topics", "events,alerts"}});
  CAF_CHECK((r.topics == std::set{live_topic::events, live_topic::alerts}));
  auto events = good({{"topics", "events"}});
  CAF_CHECK(events.wants_events());
  CAF_CHECK(!events.wants_changes());
}

CAF_TEST(what is not known is refused with the near name) {
  CAF_CHECK(contains(refusal({{"topics", "event"}}), "'events'"));
  CAF_CHECK(contains(refusal({{"topics", "alerts,"}}), "no topic ''"));
  CAF_CHECK(contains(refusal({{"topic", "events"}}), "'topics'"));
  CAF_CHECK(contains(refusal({{"severity", "high"}}), "'warning'"));
  CAF_CHECK(contains(refusal({{"state", "open"}}), "'firing'"));
  CAF_CHECK(contains(refusal({{"after", "yesterday"}}), "cursor"));
  CAF_CHECK(contains(refusal({{"rule", "a"}, {"rule", "b"}}), "twice"));
}

CAF_TEST(where says what is wrong and in which column) {
  auto said = refusal({{"where", "event.type = 'a'"}});
  CAF_CHECK(contains(said, "/where line 1, column"));
  CAF_CHECK(contains(refusal({{"where", "1 + 1"}}), "must be a bool"));
  CAF_CHECK(contains(refusal({{"where", "evnt.type == 'a'"}}), "event"));
}

CAF_TEST(an empty parameter counts as absent) {
  auto r = good({{"topics", ""}, {"type", ""}, {"where", ""}, {"after", ""}});
  CAF_CHECK(!r.type && !r.where && !r.after);
}

CAF_TEST(filters of events look at attributes and at data) {
  auto by_type = good({{"topics", "events"}, {"type", "order"}});
  CAF_CHECK(passes(by_type, sample("order", "1")));
  CAF_CHECK(!passes(by_type, sample("orders", "1")));
  auto by_data =
      good({{"topics", "events"}, {"where", "event.data.total > 10"}});
  CAF_CHECK(passes(by_data, sample("order", R"({"total":11})")));
  CAF_CHECK(!passes(by_data, sample("order", R"({"total":10})")));
  // What cannot be evaluated is no match.
  CAF_CHECK(!passes(by_data, sample("order", R"({"other":11})")));
  CAF_CHECK(!passes(good({{"topics", "alerts"}}), sample("order", "1")));
}

CAF_TEST(filters of alerts leave other topics alone) {
  auto r = good({{"topics", "alerts,rules,system,deliveries"},
                 {"rule", "r1"},
                 {"severity", "critical"},
                 {"state", "firing"},
                 {"channel", "c1"}});
  CAF_CHECK(
      r.concerns(alert_of("r1", severity::critical, alert_state::firing)));
  CAF_CHECK(
      !r.concerns(alert_of("r2", severity::critical, alert_state::firing)));
  CAF_CHECK(!r.concerns(alert_of("r1", severity::info, alert_state::firing)));
  CAF_CHECK(
      !r.concerns(alert_of("r1", severity::critical, alert_state::resolved)));
  live_change c;
  c.topic = live_topic::system;
  c.about = "p0";
  CAF_CHECK(r.concerns(c));
  c.topic = live_topic::rules;
  CAF_CHECK(!r.concerns(c));
  c.about = "r1";
  CAF_CHECK(r.concerns(c));
  c.topic = live_topic::deliveries;
  CAF_CHECK(!r.concerns(c));
  c.about = "c1";
  CAF_CHECK(r.concerns(c));
}

CAF_TEST(a cursor is read back as it was written) {
  live_cursor c{{1767225600000, 3, 1767225600001, 7}, 42};
  CAF_CHECK_EQUAL(to_string(c), "42_1767225600000_3-1767225600001-7");
  CAF_CHECK(parse_live_cursor(to_string(c)) == c);
  live_cursor far{{9, UINT32_MAX, INT64_MAX, INT64_MAX}, INT64_MAX};
  CAF_CHECK(parse_live_cursor(to_string(far)) == far);
  for (auto* wrong : {"", "_", "1", "1_2", "1_2_", "1_2_3", "1_2_0-1",
                      "-1_2_0-1-1", "1_-2_0-1-1", "1_2_0-1-1 ", " 1_2_0-1-1",
                      "1__0-1-1", "x_2_0-1-1", "99999999999999999999_2_0-1-1"})
    CAF_CHECK(!parse_live_cursor(wrong));
}

CAF_TEST(every topic has its name and its scope) {
  for (auto topic : live_topics)
    CAF_CHECK(parse_live_topic(to_string(topic)) == topic);
  CAF_CHECK(!parse_live_topic("live"));
  CAF_CHECK(scope_of(live_topic::events) == scope::events_read);
  CAF_CHECK(scope_of(live_topic::system) == scope::admin);
}

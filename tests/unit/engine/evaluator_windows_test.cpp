#define CAF_SUITE engine_evaluator_windows
#include "tests/unit/engine/rule_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::testing;

CAF_TEST_FIXTURE_SCOPE(engine_evaluator_windows_tests, evaluator_fixture)

// --- tumbling, hopping, session ----------------------------------------------

CAF_TEST(a_tumbling_window_is_looked_at_when_it_closes) {
  rule_evaluator rule{rule_of(with(with(three_in_100, "sliding", "tumbling"),
                                   ", resolve_after: 50ms", "")),
                      {}};
  // Windows are aligned to the epoch: [100, 200) has three.
  auto out = rule.evaluate(
      step_of({a(98), a(99), a(100), a(110), a(199), a(200), a(250), a(299)}));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"opened [\"a\"] 200"});
  CAF_CHECK_EQUAL(out.changes[0].after.events.size(), 3u);
  CAF_CHECK_EQUAL(out.changes[0].after.events[0].id, "e2");
  out = rule.evaluate(time_to(rule, 1000));
  CAF_REQUIRE_EQUAL(lines_of(out.changes),
                    lines{"resolved [\"a\"] 400 condition"});
  CAF_CHECK_EQUAL(out.changes[0].after.count, 2u);
  CAF_CHECK_EQUAL(out.changes[0].after.last_seen_ms, 300);
  CAF_CHECK_EQUAL(out.groups, 0u);
}

CAF_TEST(a_hopping_window_closes_every_hop) {
  rule_evaluator rule{
      rule_of(with(with(three_in_100, "{type: sliding, size: 100ms}",
                        "{type: hopping, size: 100ms, every: 50ms}"),
                   ", resolve_after: 50ms", "")),
      {}};
  auto out = rule.evaluate(step_of({a(10), a(60), a(90), a(120)}));
  CAF_CHECK_EQUAL(lines_of(out.changes), lines{"opened [\"a\"] 100"});
  out = rule.evaluate(time_to(rule, 1000));
  // [50, 150) has three, [100, 200) one.
  CAF_REQUIRE_EQUAL(lines_of(out.changes),
                    lines{"resolved [\"a\"] 200 condition"});
  CAF_CHECK_EQUAL(out.changes[0].after.count, 2u);
}

CAF_TEST(a_session_closes_after_its_gap_and_at_its_bound) {
  rule_evaluator rule{
      rule_of(with(with(three_in_100, "{type: sliding, size: 100ms}",
                        "{type: session, gap: 50ms, max: 120ms}"),
                   ", resolve_after: 50ms", "")),
      {}};
  auto out = rule.evaluate(step_of({a(10), a(40), a(70)}));
  CAF_CHECK(out.changes.empty());
  CAF_CHECK(out.next_deadline_ms == 120);
  // Without another session the alert lasts one gap.
  out = rule.evaluate(time_to(rule, 1000));
  CAF_CHECK_EQUAL(
      lines_of(out.changes),
      (lines{"opened [\"a\"] 120", "resolved [\"a\"] 170 condition"}));
  out = rule.evaluate(step_of({a(1000), a(1040), a(1080), a(1119), a(1120)}));
  CAF_CHECK_EQUAL(lines_of(out.changes), lines{"opened [\"a\"] 1120"});
  CAF_CHECK(rule.next_deadline_ms() == 1170);
}

CAF_TEST(an_open_alert_over_empty_windows_costs_no_timers) {
  rule_evaluator rule{rule_of(R"(
id: few
kind: threshold
when: "true"
window: {type: tumbling, size: 1ms}
aggregate: {n: count()}
condition: n < 5
)"),
                      {}};
  rule.evaluate(step_of({make(1)}));
  auto out = rule.evaluate(time_to(rule, 1'000'000'000'000));
  CAF_CHECK_EQUAL(lines_of(out.changes), lines{"opened [] 2"});
  CAF_CHECK_EQUAL(out.changes[0].after.count, 1u);
  CAF_CHECK(!out.next_deadline_ms);
  CAF_CHECK_EQUAL(out.groups, 1u);
}

// --- absence -----------------------------------------------------------------

CAF_TEST(absence_fires_once_a_silence_and_resolves_when_seen) {
  rule_evaluator rule{rule_of(R"(
id: quiet
kind: absence
when: event.type == "t"
group_by: [event.data.g]
absence: {for: 100ms, expect: [b]}
alert: {summary: "${group[0]} is quiet"}
)"),
                      at(5)};
  auto out = rule.evaluate(step_of({a(10), a(50)}));
  CAF_CHECK(out.changes.empty());
  CAF_CHECK(out.next_deadline_ms == 105); // b is expected since the activation
  out = rule.evaluate(time_to(rule, 10'000));
  CAF_REQUIRE_EQUAL(lines_of(out.changes),
                    (lines{"opened [\"b\"] 105", "opened [\"a\"] 150"}));
  CAF_CHECK_EQUAL(out.changes[1].after.summary, "a is quiet");
  CAF_CHECK_EQUAL(out.changes[1].after.events.size(), 1u);
  out = rule.evaluate(step_of({a(10'001)}));
  CAF_CHECK_EQUAL(lines_of(out.changes), lines{"resolved [\"a\"] 10001 seen"});
  out = rule.evaluate(time_to(rule, 20'000));
  CAF_CHECK_EQUAL(lines_of(out.changes), lines{"opened [\"a\"] 10101"});
}

CAF_TEST(a_silence_that_began_in_backfill_is_waited_for_anew) {
  rule_evaluator rule{rule_of(R"(
id: quiet
kind: absence
when: "true"
group_by: [event.data.g]
absence: {for: 100ms}
)"),
                      at(1000)};
  auto out = rule.evaluate(step_of({a(10), b(950), b(1020)}));
  CAF_CHECK(out.changes.empty());
  out = rule.evaluate(time_to(rule, 5000));
  CAF_CHECK_EQUAL(lines_of(out.changes),
                  (lines{"opened [\"a\"] 1100", "opened [\"b\"] 1120"}));
}

CAF_TEST_FIXTURE_SCOPE_END()

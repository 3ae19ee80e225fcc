#define CAF_SUITE engine_evaluator_versions
#include "tests/unit/engine/rule_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::testing;

CAF_TEST_FIXTURE_SCOPE(engine_evaluator_versions_tests, evaluator_fixture)

// --- silence, activation, versions -------------------------------------------

CAF_TEST(priming_is_silent_and_a_true_group_opens_at_activation) {
  rule_evaluator rule{rule_of(three_in_100), at(1000)};
  auto out = rule.evaluate(
      step_of({a(1), a(2), a(3), b(990), b(991), b(992), a(999)}, at(999)));
  CAF_CHECK(out.changes.empty());
  out = rule.evaluate(time_to(rule, 1000));
  CAF_CHECK(out.changes.empty());
  out = rule.evaluate(step_of({}, at(1000)));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"opened [\"b\"] 1000"});
  CAF_CHECK_EQUAL(out.changes[0].after.summary, "3 on b");
  CAF_CHECK_EQUAL(out.changes[0].after.count, 1u);
  // Activated once.
  CAF_CHECK(rule.evaluate(step_of({}, at(1001))).changes.empty());
  out = rule.evaluate(time_to(rule, 2000));
  CAF_CHECK_EQUAL(lines_of(out.changes),
                  lines{"resolved [\"b\"] 1140 condition"});
}

CAF_TEST(the_activation_is_the_same_however_it_is_passed) {
  const auto run = [&](bool stop_there) {
    event_maker fresh;
    std::vector<event> before, after;
    for (int64_t t : {990, 991, 992})
      before.push_back(fresh(t, R"({"g":"b"})"));
    after.push_back(fresh(1001, R"({"g":"b"})"));
    rule_evaluator rule{rule_of(three_in_100), at(1000)};
    std::vector<alert_change> all;
    const auto take = [&](const step& s) {
      for (auto& c : rule.evaluate(s).changes)
        all.push_back(c);
    };
    if (stop_there) {
      take(step_of(before));
      take(step_of({}, at(1000)));
      take(step_of(after));
    } else {
      before.push_back(after[0]);
      take(step_of(before));
    }
    return all;
  };
  const auto one = run(false), three = run(true);
  CAF_REQUIRE_EQUAL(one.size(), 1u);
  CAF_REQUIRE_EQUAL(three.size(), 2u);
  CAF_CHECK_EQUAL(one[0].after.id, three[0].after.id);
  CAF_CHECK_EQUAL(one[0].after.count, three[1].after.count);
}

CAF_TEST(adopted_alerts_go_on_or_resolve_as_rule_changed) {
  rule_evaluator rule{rule_of(three_in_100, 2), at(1000)};
  alert mine, gone;
  mine.id = "one";
  mine.rule = gone.rule = "three";
  mine.group_json = R"(["a"])";
  mine.opened_at_ms = 500;
  mine.count = 41;
  gone.id = "two";
  gone.group_json = R"(["b"])";
  rule.adopt({mine, gone});
  auto out = rule.evaluate(step_of({a(990), a(991), a(992), b(999)}, at(1000)));
  CAF_REQUIRE_EQUAL(lines_of(out.changes),
                    lines{"resolved [\"b\"] 1000 rule_changed"});
  CAF_CHECK_EQUAL(out.changes[0].after.id, "two");
  CAF_CHECK_EQUAL(out.changes[0].notify.size(), 1u);
  out = rule.evaluate(step_of({a(1001)}));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"updated [\"a\"] 1001 x42"});
  CAF_CHECK_EQUAL(out.changes[0].after.id, "one");
}

CAF_TEST(a_recovered_rule_goes_on_with_an_alert_that_waits_to_resolve) {
  std::vector<event> events{a(990), a(991), a(992)};
  const auto rule = rule_of(three_in_100);
  rule_evaluator first{rule, {}};
  const auto open = first.evaluate(step_of(events, at(1100))).changes;
  CAF_REQUIRE_EQUAL(lines_of(open), lines{"opened [\"a\"] 992"});
  // Its state is lost; it was false from 1090 on.
  rule_evaluator second{rule, at(1100)};
  second.adopt({open[0].after});
  CAF_CHECK(second.evaluate(step_of(events, at(1100))).changes.empty());
  const auto out = second.evaluate(time_to(second, 2000));
  CAF_REQUIRE_EQUAL(lines_of(out.changes),
                    lines{"resolved [\"a\"] 1140 condition"});
  CAF_CHECK_EQUAL(out.changes[0].after.id, open[0].after.id);
}

CAF_TEST(closing_resolves_every_open_alert) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  rule.evaluate(step_of({b(1), b(2), b(3), a(4), a(5), a(6), a(7)}));
  const auto changes = rule.close_all("rule_removed", 9);
  CAF_CHECK_EQUAL(lines_of(changes),
                  (lines{"resolved [\"a\"] 9 rule_removed",
                         "resolved [\"b\"] 9 rule_removed"}));
  CAF_CHECK_EQUAL(changes[0].after.count, 2u);
  CAF_CHECK(rule.close_all("rule_removed", 10).empty());
}

CAF_TEST(a_shadow_rule_tells_nobody) {
  rule_evaluator rule{rule_of(three_in_100 + "mode: shadow\n"), {}};
  const auto out = rule.evaluate(step_of({a(1), a(2), a(3)}));
  CAF_REQUIRE_EQUAL(out.changes.size(), 1u);
  CAF_CHECK(out.changes[0].after.shadow);
  CAF_CHECK(out.changes[0].notify.empty());
}

CAF_TEST(a_version_with_the_same_fingerprint_takes_over_the_state) {
  rule_evaluator rule{rule_of(three_in_100, 1), {}};
  rule.evaluate(step_of({a(1), a(2)}));
  rule.replace(rule_of(with(three_in_100, "${n} on", "now ${n} at"), 2),
               {{2, 0, 2, 0}, 2});
  const auto out = rule.evaluate(step_of({a(3)}));
  CAF_REQUIRE_EQUAL(out.changes.size(), 1u);
  CAF_CHECK_EQUAL(out.changes[0].after.summary, "now 3 at a");
  CAF_CHECK_EQUAL(out.changes[0].after.rule_version, 2);
}

CAF_TEST_FIXTURE_SCOPE_END()

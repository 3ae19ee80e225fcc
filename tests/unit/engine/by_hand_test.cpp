#define CAF_SUITE by_hand
#include "tests/unit/engine/rule_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

struct fixture : evaluator_fixture {
  static placed_action resolves(const std::string& alert, int64_t at_ms,
                                const std::string& group = R"(["a"])") {
    placed_action out;
    out.key = {at_ms, 0, static_cast<uint64_t>(at_ms), 1'000'000};
    out.what = {
        alert_action::kind::resolve, alert, "three", group, "ann", "known"};
    return out;
  }
  static step only(const placed_action& action) {
    return {nullptr, {}, {action.key, action.key.received_at_ms}, {action}};
  }
  static std::string id_of(const step_outcome& out) {
    CAF_REQUIRE(!out.changes.empty());
    return out.changes[0].after.id;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(by_hand_tests, fixture)

CAF_TEST(an_action_survives_its_control_row) {
  const auto action = resolves("x\"y", 5, R"(["a", "\u0000"])").what;
  control_input row;
  row.kind = std::string(control_kind(action.what));
  row.body = to_json(action);
  CAF_CHECK(parse_alert_action(row) == action);
  row.kind = "rule.published";
  CAF_CHECK(!parse_alert_action(row));
  row.kind = "alert.resolved";
  for (auto* body : {"", "[]", "{}", R"({"alert":"x","rule":1})"}) {
    row.body = body;
    CAF_CHECK(!parse_alert_action(row));
  }
}

CAF_TEST(the_same_action_on_an_alert_is_the_same_control) {
  auto first = resolves("x", 1).what;
  auto again = resolves("x", 2).what;
  again.by = "bob";
  CAF_CHECK_EQUAL(control_id(first), control_id(again));
  again.what = alert_action::kind::acknowledge;
  CAF_CHECK_NOT_EQUAL(control_id(first), control_id(again));
}

CAF_TEST(an_alert_resolves_at_the_place_of_the_action) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  auto what = step_of({b(1), b(2), b(3), a(4), a(5), a(6)});
  const auto opened = rule.evaluate(what);
  CAF_REQUIRE_EQUAL(opened.changes.size(), 2u);
  const auto out = rule.evaluate(only(resolves(opened.changes[1].after.id, 8)));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"resolved [\"a\"] 8 by_hand"});
  CAF_CHECK_EQUAL(out.changes[0].after.resolved_by, "ann");
  CAF_CHECK_EQUAL(out.changes[0].after.resolve_comment, "known");
  CAF_CHECK_EQUAL(out.changes[0].notify.size(), 1u);
}

CAF_TEST(one_step_may_hold_events_before_and_after_an_action) {
  rule_evaluator probe{rule_of(three_in_100), {}};
  const std::vector<event> events{a(1), a(2), a(3), a(9)};
  const auto id =
      id_of(probe.evaluate(step_of({events[0], events[1], events[2]})));
  rule_evaluator rule{rule_of(three_in_100), {}};
  auto what = step_of(events);
  what.by_hand = {resolves(id, 5)};
  CAF_CHECK_EQUAL(lines_of(rule.evaluate(what).changes),
                  (lines{"opened [\"a\"] 3", "resolved [\"a\"] 5 by_hand",
                         "opened [\"a\"] 9"}));
}

CAF_TEST(an_action_seen_twice_changes_nothing) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  const auto id = id_of(rule.evaluate(step_of({a(1), a(2), a(3)})));
  const auto action = resolves(id, 5);
  CAF_CHECK_EQUAL(rule.evaluate(only(action)).changes.size(), 1u);
  CAF_CHECK(rule.evaluate(only(action)).changes.empty());
}

CAF_TEST(an_alert_that_is_not_open_is_left_alone) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  const auto id = id_of(rule.evaluate(step_of({a(1), a(2), a(3)})));
  CAF_CHECK(rule.evaluate(only(resolves("another", 5))).changes.empty());
  CAF_CHECK(rule.evaluate(only(resolves(id, 6, R"(["z"])"))).changes.empty());
  CAF_CHECK(rule.evaluate(only(resolves(id, 7, "no json"))).changes.empty());
  CAF_CHECK_EQUAL(rule.evaluate(only(resolves(id, 8))).changes.size(), 1u);
}

CAF_TEST(an_alert_whose_group_was_erased_since_is_found_by_its_id) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  const auto id = id_of(rule.evaluate(step_of({a(1), a(2), a(3)})));
  CAF_CHECK(rule.evaluate(only(resolves("another", 5, "[]"))).changes.empty());
  CAF_CHECK_EQUAL(rule.evaluate(only(resolves(id, 6, "[]"))).changes.size(),
                  1u);
}

CAF_TEST(a_group_is_found_whatever_its_values_are) {
  for (auto* by : {"timestamp(event.data.g)", "duration(\"1s\")", "b\"x\"",
                   "1.0", "[1, 2]", "null"}) {
    rule_evaluator rule{rule_of(with(three_in_100, "event.data.g]",
                                     "'" + std::string(by) + "']")),
                        {}};
    const auto event = [&](int64_t at_ms) {
      return make(at_ms, R"({"g":"2026-01-02T03:04:05Z"})");
    };
    const auto opened = rule.evaluate(step_of({event(1), event(2), event(3)}));
    CAF_REQUIRE_EQUAL(opened.changes.size(), 1u);
    auto& a = opened.changes[0].after;
    const auto out = rule.evaluate(only(resolves(a.id, 5, a.group_json)));
    CAF_CHECK_EQUAL(out.changes.size(), 1u);
  }
}

CAF_TEST(another_hit_opens_the_group_again_but_no_timer_does) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  const auto id =
      id_of(rule.evaluate(step_of({a(1), a(20), a(30), a(40), a(50)})));
  rule.evaluate(only(resolves(id, 60)));
  // At 101 the first leaves the window, and four are still too many.
  CAF_CHECK(rule.evaluate(time_to(rule, 110)).changes.empty());
  const auto out = rule.evaluate(step_of({a(115)}));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"opened [\"a\"] 115"});
  CAF_CHECK_NOT_EQUAL(out.changes[0].after.id, id);
}

CAF_TEST(what_was_false_in_between_may_open_as_ever) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  const auto id = id_of(rule.evaluate(step_of({a(1), a(2), a(3)})));
  rule.evaluate(only(resolves(id, 5)));
  CAF_CHECK(rule.evaluate(time_to(rule, 500)).changes.empty());
  CAF_CHECK_EQUAL(
      lines_of(rule.evaluate(step_of({a(501), a(502), a(503)})).changes),
      lines{"opened [\"a\"] 503"});
}

CAF_TEST(the_cooldown_counts_after_a_resolution_by_hand_too) {
  const auto slow = with(three_in_100, "resolve_after: 50ms", "cooldown: 30ms");
  rule_evaluator rule{rule_of(slow), {}};
  const auto id = id_of(rule.evaluate(step_of({a(1), a(2), a(3)})));
  rule.evaluate(only(resolves(id, 5)));
  CAF_CHECK(rule.evaluate(step_of({a(32)})).changes.empty());
  CAF_CHECK_EQUAL(lines_of(rule.evaluate(step_of({a(33)})).changes),
                  lines{"opened [\"a\"] 33"});
}

CAF_TEST(a_replayed_action_leaves_the_same_state_and_says_nothing) {
  const auto rule = rule_of(three_in_100);
  const std::vector<event> events{a(1), a(20), a(30), a(40)};
  rule_evaluator live{rule, {}};
  auto what = step_of(events);
  const auto id = id_of(live.evaluate(what));
  const auto action = resolves(id, 60);
  live.evaluate(only(action));
  // Its state is lost; the alert that priming opens has another id.
  rule_evaluator again{rule, {action.key, 60}};
  auto replay = step_of({events[1], events[2], events[3]});
  replay.to = {action.key, 60};
  replay.by_hand = {action};
  CAF_CHECK(again.evaluate(replay).changes.empty());
  CAF_CHECK(again.evaluate(time_to(again, 110)).changes.empty());
  // Restored from a snapshot it is as hushed as it was.
  rule_evaluator restored{rule, {}};
  CAF_REQUIRE(restored.restore(live.take_snapshot()).ok());
  CAF_CHECK(restored.evaluate(time_to(restored, 110)).changes.empty());
  const auto next = a(115);
  CAF_CHECK_EQUAL(lines_of(restored.evaluate(step_of({next})).changes),
                  lines{"opened [\"a\"] 115"});
  CAF_CHECK_EQUAL(lines_of(again.evaluate(step_of({next})).changes),
                  lines{"opened [\"a\"] 115"});
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE engine_evaluator
#include "tests/unit/engine/rule_fixture.hpp"

#include "runtime/core/base/limits.hpp"

using namespace eventpulse;
using namespace eventpulse::testing;

CAF_TEST_FIXTURE_SCOPE(engine_evaluator_tests, evaluator_fixture)

// --- match -------------------------------------------------------------------

CAF_TEST(a_match_alert_is_born_resolved) {
  rule_evaluator rule{rule_of(any_match, 7), {}};
  auto e = make(10, R"({"g":"a","v":6})");
  e.document.traceparent = "00-1-2-01";
  const auto key = e.key();
  const auto out = rule.evaluate(step_of({e, make(11, R"({"g":"a","v":5})")}));
  CAF_REQUIRE_EQUAL(out.changes.size(), 1u);
  CAF_CHECK_EQUAL(out.matches, 1u);
  CAF_CHECK_EQUAL(out.errors, 0u);
  CAF_CHECK_EQUAL(out.groups, 0u);
  const auto& c = out.changes[0];
  CAF_CHECK(c.what == alert_change::kind::opened);
  CAF_CHECK_EQUAL(c.notify, std::vector<std::string>{"desk"});
  const auto& a = c.after;
  CAF_CHECK(a.state == alert_state::resolved);
  CAF_CHECK_EQUAL(a.resolve_reason, "born_resolved");
  CAF_CHECK_EQUAL(a.rule, "any");
  CAF_CHECK_EQUAL(a.rule_version, 7);
  CAF_CHECK(a.severity == severity::info);
  CAF_CHECK_EQUAL(a.group_json, R"(["a"])");
  CAF_CHECK_EQUAL(a.summary, "v is 6");
  CAF_CHECK_EQUAL(a.details, "of a");
  CAF_CHECK_EQUAL(a.values_json, "{}");
  CAF_CHECK_EQUAL(a.count, 1u);
  CAF_CHECK_EQUAL(a.opened_at_ms, 10);
  CAF_CHECK_EQUAL(a.last_seen_ms, 10);
  CAF_CHECK(a.resolved_at_ms == 10);
  CAF_CHECK_EQUAL(a.labels.size(), 1u);
  CAF_CHECK_EQUAL(a.traceparent, "00-1-2-01");
  CAF_REQUIRE_EQUAL(a.events.size(), 1u);
  CAF_CHECK_EQUAL(a.events[0].id, "e0");
  CAF_CHECK_EQUAL(a.id.size(), 36u);
  CAF_CHECK_EQUAL(to_string(key), "10/0-10-1");
}

CAF_TEST(cooldown_keeps_match_alerts_of_a_group_apart) {
  rule_evaluator rule{
      rule_of(with(any_match, "alert: {", "alert: {cooldown: 100ms, ")), {}};
  const auto hit = [&](int64_t ms, const char* g) {
    return make(ms, std::string{R"({"v":9,"g":")"} + g + "\"}");
  };
  const auto out =
      rule.evaluate(step_of({hit(10, "a"), hit(50, "a"), hit(60, "b"),
                             hit(109, "a"), hit(110, "a")}));
  CAF_CHECK_EQUAL(
      lines_of(out.changes),
      (lines{"opened [\"a\"] 10", "opened [\"b\"] 60", "opened [\"a\"] 110"}));
  CAF_CHECK_EQUAL(out.groups, 2u);
  CAF_CHECK(out.next_deadline_ms == 160);
  // What only remembered a cooldown is forgotten when it is over.
  CAF_CHECK_EQUAL(rule.evaluate(time_to(rule, 210)).groups, 0u);
  CAF_CHECK(!rule.next_deadline_ms());
}

CAF_TEST(an_error_in_when_is_no_match_and_counted) {
  rule_evaluator rule{rule_of(any_match), {}};
  const auto out = rule.evaluate(
      step_of({make(1, R"({"g":"a"})"), make(2, R"({"g":"a","v":"x"})"),
               make(3, R"({"g":"a","v":6})"), make(4, R"({"v":6})")}));
  CAF_CHECK_EQUAL(out.changes.size(), 1u);
  CAF_CHECK_EQUAL(out.matches, 2u);
  CAF_CHECK_EQUAL(out.errors, 3u);
  CAF_CHECK_EQUAL(out.last_error.substr(0, 9), "group_by:");
}

CAF_TEST(an_expression_beyond_its_budget_is_an_error_and_no_stall) {
  rule_evaluator rule{rule_of(R"(
id: heavy
kind: match
when: event.data.all(x, event.data.all(y, event.data.all(z, x + y + z >= 0)))
)"),
                      {}};
  std::string list = "[0";
  for (int i = 0; i < 300; ++i)
    list += ",1";
  const auto out = rule.evaluate(step_of({make(1, list + "]")}));
  CAF_CHECK_EQUAL(out.matches, 0u);
  CAF_CHECK_EQUAL(out.errors, 1u);
}

CAF_TEST(a_group_key_of_unbounded_length_is_refused) {
  rule_evaluator rule{rule_of(any_match), {}};
  const auto of_size = [&](size_t n) {
    return make(1, R"({"v":6,"g":")" + std::string(n, 'x') + "\"}");
  };
  const auto out =
      rule.evaluate(step_of({of_size(limits::group_key_bytes_max - 20),
                             of_size(limits::group_key_bytes_max)}));
  CAF_CHECK_EQUAL(out.changes.size(), 1u);
  CAF_CHECK_EQUAL(out.errors, 1u);
}

// --- sliding -----------------------------------------------------------------

CAF_TEST(a_sliding_condition_opens_counts_and_resolves) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  auto out = rule.evaluate(step_of({a(0), a(40), b(50)}));
  CAF_CHECK(out.changes.empty());
  CAF_CHECK(out.next_deadline_ms == 100);
  // The event at 0 leaves before the one at 100 comes.
  out = rule.evaluate(step_of({a(100)}));
  CAF_CHECK(out.changes.empty());
  out = rule.evaluate(step_of({a(139)}));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"opened [\"a\"] 139"});
  CAF_CHECK_EQUAL(out.changes[0].after.summary, "3 on a");
  CAF_CHECK_EQUAL(out.changes[0].after.values_json, R"({"n":3})");
  CAF_CHECK_EQUAL(out.changes[0].after.events.size(), 3u);
  CAF_CHECK_EQUAL(out.changes[0].after.events[0].id, "e1");
  CAF_CHECK_EQUAL(out.changes[0].notify.size(), 1u);
  // At 140 the event at 40 leaves and the condition is false.
  out = rule.evaluate(time_to(rule, 189));
  CAF_CHECK(out.changes.empty());
  CAF_CHECK(out.next_deadline_ms == 190);
  out = rule.evaluate(time_to(rule, 500));
  CAF_REQUIRE_EQUAL(lines_of(out.changes),
                    lines{"resolved [\"a\"] 190 condition"});
  CAF_CHECK_EQUAL(out.changes[0].notify.size(), 1u);
  CAF_CHECK_EQUAL(out.changes[0].after.summary, "3 on a");
  CAF_CHECK_EQUAL(out.groups, 0u);
}

CAF_TEST(while_open_hits_are_one_update_a_step) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  auto out = rule.evaluate(step_of({a(1), a(2), a(3), a(4), a(5)}));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"opened [\"a\"] 3"});
  CAF_CHECK_EQUAL(out.changes[0].after.count, 3u);
  CAF_CHECK_EQUAL(out.changes[0].after.last_seen_ms, 5);
  CAF_CHECK_EQUAL(out.changes[0].after.summary, "5 on a");
  out = rule.evaluate(step_of({a(6), a(7)}));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"updated [\"a\"] 7 x5"});
  CAF_CHECK(out.changes[0].notify.empty());
  CAF_CHECK_EQUAL(out.changes[0].after.events.size(), 7u);
}

CAF_TEST(opened_and_resolved_in_one_step_are_two_changes) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  const auto out =
      rule.evaluate(step_of({a(1), a(2), a(3), a(4), a(400), b(500)}));
  CAF_REQUIRE_EQUAL(
      lines_of(out.changes),
      (lines{"opened [\"a\"] 3", "resolved [\"a\"] 152 condition"}));
  CAF_CHECK_EQUAL(out.changes[0].after.count, 2u);
  CAF_CHECK(out.changes[0].after.state == alert_state::firing);
  CAF_CHECK_EQUAL(out.changes[0].after.id, out.changes[1].after.id);
}

CAF_TEST(an_update_is_folded_into_a_resolution_in_the_same_step) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  rule.evaluate(step_of({a(1), a(2), a(3)}));
  const auto out = rule.evaluate(step_of({a(4), b(5), b(6), b(7), b(400)}));
  CAF_CHECK_EQUAL(lines_of(out.changes),
                  (lines{"opened [\"b\"] 7", "resolved [\"a\"] 152 condition",
                         "resolved [\"b\"] 155 condition"}));
  CAF_CHECK_EQUAL(out.changes[1].after.count, 2u);
}

CAF_TEST(true_again_within_resolve_after_goes_on) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  auto out = rule.evaluate(step_of({a(1), a(2), a(3), a(110), a(111), a(112)}));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"opened [\"a\"] 3"});
  CAF_CHECK_EQUAL(out.changes[0].after.count, 2u);
  CAF_CHECK_EQUAL(out.changes[0].after.last_seen_ms, 112);
}

CAF_TEST(resolve_after_defaults_to_the_windows_size) {
  rule_evaluator rule{rule_of(with(three_in_100, ", resolve_after: 50ms", "")),
                      {}};
  rule.evaluate(step_of({a(1), a(2), a(3)}));
  CAF_CHECK_EQUAL(lines_of(rule.evaluate(time_to(rule, 1000)).changes),
                  lines{"resolved [\"a\"] 201 condition"});
}

CAF_TEST(within_the_cooldown_a_group_does_not_open_again) {
  rule_evaluator rule{rule_of(with(three_in_100, "resolve_after: 50ms",
                                   "resolve_after: 0s, cooldown: 500ms")),
                      {}};
  const auto out = rule.evaluate(step_of(
      {a(1), a(2), a(3), a(300), a(301), a(302), a(501), a(502), a(503)}));
  CAF_CHECK_EQUAL(lines_of(out.changes),
                  (lines{"opened [\"a\"] 3", "resolved [\"a\"] 101 condition",
                         "opened [\"a\"] 503"}));
}

CAF_TEST(events_that_leave_can_open_an_alert) {
  rule_evaluator rule{rule_of(R"(
id: mean
kind: threshold
when: "true"
window: {type: sliding, size: 100ms}
aggregate: {mean: avg(event.data.v)}
condition: mean > 5.0 && event.data.v > 7
alert: {summary: "mean ${mean}, newest ${event.data.v}", resolve_after: 0s}
)"),
                      {}};
  auto out =
      rule.evaluate(step_of({make(0, R"({"v":1})"), make(50, R"({"v":8})")}));
  CAF_CHECK(out.changes.empty());
  out = rule.evaluate(time_to(rule, 120));
  CAF_REQUIRE_EQUAL(lines_of(out.changes), lines{"opened [] 100"});
  CAF_CHECK_EQUAL(out.changes[0].after.summary, "mean 8, newest 8");
  CAF_CHECK_EQUAL(out.changes[0].after.traceparent, "");
  CAF_CHECK_EQUAL(lines_of(rule.evaluate(time_to(rule, 150)).changes),
                  lines{"resolved [] 150 condition"});
}

CAF_TEST(timers_act_by_deadline_then_group_before_events_of_that_time) {
  rule_evaluator rule{rule_of(with(three_in_100, "50ms", "0s")), {}};
  rule.evaluate(step_of({b(1), b(1), b(1), a(1), a(1), a(1)}));
  const auto out = rule.evaluate(step_of({b(101)}));
  CAF_CHECK_EQUAL(lines_of(out.changes),
                  (lines{"resolved [\"a\"] 101 condition",
                         "resolved [\"b\"] 101 condition"}));
}

CAF_TEST(events_seen_before_are_skipped) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  const std::vector<event> two{a(1), a(2)};
  rule.evaluate(step_of(two));
  CAF_CHECK_EQUAL(rule.evaluate(step_of(two)).matches, 0u);
  CAF_CHECK(rule.evaluate(step_of(two)).changes.empty());
}

CAF_TEST(samples_left_out_are_said) {
  rule_evaluator rule{rule_of(R"(
id: sums
kind: threshold
when: "true"
window: {type: sliding, size: 100ms}
aggregate: {total: sum(event.data.v), n: count()}
condition: n >= 3
)"),
                      {}};
  const auto out = rule.evaluate(
      step_of({make(1, R"({"v":2})"), make(2), make(3, R"({"v":"x"})")}));
  CAF_REQUIRE_EQUAL(out.changes.size(), 1u);
  CAF_CHECK_EQUAL(out.errors, 2u);
  CAF_CHECK_EQUAL(out.changes[0].after.summary, "sums");
  CAF_CHECK_EQUAL(out.changes[0].after.details,
                  "2 samples were left out, since no value could be had");
  CAF_CHECK_EQUAL(out.changes[0].after.values_json, R"({"total":2.0,"n":3})");
}

CAF_TEST(above_the_exact_bound_a_sliding_window_is_approximate) {
  const std::string yaml = R"yaml(
id: many
kind: threshold
when: "true"
window: {type: sliding, size: 1280ms}
aggregate: {n: count(), d: distinct(event.data.v), p: "percentile(event.data.v, 50)"}
condition: n >= )yaml";
  const auto run = [&](size_t bound) {
    event_maker fresh;
    std::vector<event> events;
    for (size_t i = 0; i < bound; ++i)
      events.push_back(fresh(static_cast<int64_t>(i / 8),
                             "{\"v\":" + std::to_string(i) + "}"));
    rule_evaluator rule{rule_of(yaml + std::to_string(bound)), {}};
    auto out = rule.evaluate(step_of(std::move(events)));
    CAF_REQUIRE_EQUAL(out.changes.size(), 1u);
    return out.changes[0].after;
  };
  const auto exact = run(limits::window_events_exact_max);
  CAF_CHECK(!exact.approximate);
  CAF_CHECK_EQUAL(exact.values_json, R"({"n":4096,"d":4096,"p":2.047E3})");
  const auto rough = run(limits::window_events_exact_max + 1);
  CAF_CHECK(rough.approximate);
  CAF_CHECK_EQUAL(rough.count, 1u);
}

// --- bounds ------------------------------------------------------------------

CAF_TEST(the_group_longest_unused_is_evicted_at_the_bound) {
  rule_evaluator rule{rule_of(R"(
id: wide
kind: threshold
when: "true"
group_by: [event.data]
window: {type: sliding, size: 1h}
aggregate: {n: count()}
condition: n >= 2
)"),
                      {}};
  uint64_t evicted = 0;
  lines changes;
  int64_t now = 0;
  std::vector<event> events;
  const auto flush = [&] {
    const auto out = rule.evaluate(step_of(std::exchange(events, {})));
    evicted += out.evicted;
    for (const auto& c : out.changes)
      changes.push_back(line_of(c));
  };
  const auto seen = [&](size_t group) {
    events.push_back(make(++now, std::to_string(group)));
    if (events.size() == 1000)
      flush();
  };
  seen(0);
  seen(0); // opens
  for (size_t i = 1; i < limits::groups_max; ++i)
    seen(i);
  flush();
  CAF_CHECK_EQUAL(evicted, 0u);
  CAF_CHECK_EQUAL(rule.groups(), limits::groups_max);
  CAF_CHECK_EQUAL(changes, lines{"opened [0] 2"});
  seen(limits::groups_max);
  flush();
  CAF_CHECK_EQUAL(evicted, 1u);
  CAF_CHECK_EQUAL(rule.groups(), limits::groups_max);
  CAF_CHECK_EQUAL(changes.back(),
                  "resolved [0] " + std::to_string(now) + " evicted");
}

CAF_TEST(an_alert_names_at_most_so_many_events_newest_last) {
  rule_evaluator rule{rule_of(three_in_100), {}};
  std::vector<event> events;
  for (size_t i = 0; i < limits::alert_events_max + 5; ++i)
    events.push_back(a(10));
  const auto out = rule.evaluate(step_of(std::move(events)));
  const auto& named = out.changes[0].after.events;
  CAF_CHECK_EQUAL(named.size(), limits::alert_events_max);
  CAF_CHECK_EQUAL(named.back().id, "e24");
  CAF_CHECK_EQUAL(named.front().id, "e5");
}

CAF_TEST(long_texts_of_alerts_are_cut_at_a_code_point) {
  rule_evaluator rule{rule_of(R"(
id: long
kind: match
when: "true"
alert: {summary: "x${event.data}", details: "${event.data}"}
)"),
                      {}};
  std::string text;
  for (int i = 0; i < 9000; ++i)
    text += "ä";
  const auto out = rule.evaluate(step_of({make(1, '"' + text + '"')}));
  const auto& a = out.changes[0].after;
  CAF_CHECK_EQUAL(a.summary.size(), limits::alert_summary_bytes_max);
  CAF_CHECK_EQUAL(a.summary.substr(a.summary.size() - 5), "ä…");
  CAF_CHECK_LESS_OR_EQUAL(a.details.size(), limits::alert_details_bytes_max);
}

CAF_TEST_FIXTURE_SCOPE_END()

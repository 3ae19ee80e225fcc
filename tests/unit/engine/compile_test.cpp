#define CAF_SUITE engine_compile
#include "tests/unit/engine/rule_fixture.hpp"

#include "runtime/core/rules/rule_program.hpp"

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

std::string threshold(const std::string& more) {
  return "id: x\nkind: threshold\nwhen: \"true\"\n"
         "window: {type: sliding, size: 5m}\n" +
         more;
}

lines said(const std::string& yaml) {
  lines out;
  for (const auto& p : problems_of(yaml))
    out.push_back(to_string(p));
  return out;
}

std::string fingerprint(const std::string& yaml) {
  return rule_of(yaml)->fingerprint();
}

} // namespace

CAF_TEST(all_problems_of_expressions_are_said_with_place_and_near_name) {
  const auto problems = problems_of(R"yaml(id: x
kind: threshold
when: event.type = "a"
group_by:
  - event.receivedat
  - event.received_on
window: {type: sliding, size: 5m}
aggregate:
  declines: cuont()
  amount: "percentile(event.data.x, 101)"
  n: count()
condition: |
  n > 1 &&
  declins > 3
alert: {summary: "${n} of ${gruop[0]}"}
)yaml");
  CAF_CHECK_EQUAL(problems.size(), 6u);
  for (const auto& p : problems)
    CAF_MESSAGE(to_string(p));
  const auto with = [&](const std::string& pointer) {
    for (const auto& p : problems)
      if (p.pointer == pointer)
        return p;
    return rule_problem{};
  };
  CAF_CHECK_EQUAL(with("/when").line, 3);
  CAF_CHECK_EQUAL(with("/when").column, 18);
  CAF_CHECK_EQUAL(to_string(with("/group_by/1")),
                  "6:11: /group_by/1: an event has no attribute "
                  "'received_on'; did you mean 'received_at'?");
  CAF_CHECK_EQUAL(to_string(with("/aggregate/declines")),
                  "9:13: /aggregate/declines: no such aggregate 'cuont'; did "
                  "you mean 'count'?");
  CAF_CHECK_EQUAL(with("/aggregate/amount").column, 37);
  CAF_CHECK_EQUAL(with("/condition").line, 14);
  CAF_CHECK_NOT_EQUAL(with("/condition").detail.find("declines"),
                      std::string::npos);
  CAF_CHECK_NOT_EQUAL(with("/alert/summary").detail.find("group"),
                      std::string::npos);
}

CAF_TEST(faults_of_shape_hide_no_faults_of_expressions) {
  CAF_CHECK_EQUAL(
      said("id: x\nkind: match\nwhen: evnt.x && fooo(1)\n"
           "group_by: [5, {}, evnt.y]\nnotify: fraud\n"),
      (lines{"4:15: /group_by/1: must be a CEL expression, not an object",
             "5:9: /notify: must be a list, not text",
             "3:7: /when: undeclared name 'evnt'; did you mean 'event'?",
             "3:17: /when: undeclared function 'fooo'",
             "4:19: /group_by/2: undeclared name 'evnt'; did you mean "
             "'event'?"}));
}

CAF_TEST(what_only_follows_from_another_fault_is_not_said) {
  // A missing field, an unreadable aggregate, a misspelt 'aggregate', a
  // missing window.
  CAF_CHECK_EQUAL(said("{id: x, kind: match}"),
                  lines{"1:1: field 'when' is missing"});
  CAF_CHECK_EQUAL(
      said(threshold("aggregate: {n: [], m: cuont()}\n"
                     "condition: n > m\n")),
      (lines{"5:16: /aggregate/n: must be a CEL expression, not a list",
             "5:23: /aggregate/m: no such aggregate 'cuont'; did you mean "
             "'count'?"}));
  CAF_CHECK_EQUAL(said(threshold("agregate: {n: count()}\ncondition: n > 1\n")),
                  lines{"5:11: /agregate: no such field 'agregate'; did you "
                        "mean 'aggregate'?"});
  CAF_CHECK_EQUAL(said("{id: x, kind: threshold, when: event.data.x > 1, "
                       "aggregate: {n: count()}, condition: "
                       "n > 1 && event.data.x > 2}"),
                  lines{"1:1: kind 'threshold' needs field 'window'"});
}

CAF_TEST(aggregates_are_one_call_with_arguments_of_use) {
  const auto one = [](const std::string& text) {
    const auto all =
        said(threshold("aggregate: {n: '" + text + "'}\ncondition: n != 0\n"));
    return all.empty() ? std::string{} : all[0];
  };
  for (const auto* good :
       {"count()", "count(event.data.x > 5)", "sum(event.data.x)",
        "sum((event.data.x + 1) * 2)", "avg(size(event.id))",
        "min(event.data.x)", "max( event.data.x )", "stddev(event.data.x)",
        "distinct(event.subject)", "percentile(event.data.x, 0)",
        "percentile(event.data.m[\"a,b\"], 99.9)", "rate()",
        "sum(event.data.list.filter(i, i > 1).size())"})
    CAF_CHECK_EQUAL(one(good), "");
  for (const auto* bad :
       {"count(1, 2)", "sum()", "count() + 1", "5", "event.data.x",
        "event.data.sum(1)", "percentile(event.data.x)",
        "percentile(event.data.x, -1)",
        "percentile(event.data.x, event.data.y)", "sum(event.type)",
        "count(event.type)", "avg(event.data.x", "sum(evnt.data.x)", "rate(1)",
        "sum(event.data.x), sum(1)"})
    CAF_CHECK_NOT_EQUAL(one(bad), "");
}

CAF_TEST(names_that_cel_cannot_have_are_refused) {
  for (const auto* name : {"event", "group", "lists", "in", "true", "a-b", "1a",
                           "'a b'", "for", "''"})
    CAF_CHECK(!said(threshold("aggregate: {" + std::string{name} +
                              ": count()}\ncondition: \"true\"\n"))
                   .empty());
}

CAF_TEST(conditions_are_bools_and_see_what_the_kind_has) {
  CAF_CHECK_EQUAL(
      said(threshold("aggregate: {n: count()}\ncondition: n\n")).size(), 1u);
  CAF_CHECK(said(threshold("condition: event.data.x > 1\n")).empty());
  const std::string tumbling =
      "id: x\nkind: threshold\nwhen: \"true\"\n"
      "window: {type: tumbling, size: 5m}\naggregate: {n: count()}\n";
  CAF_CHECK(said(tumbling + "condition: n > 1\n").empty());
  CAF_CHECK_EQUAL(said(tumbling + "condition: event.data.x > 1\n").size(), 1u);
  CAF_CHECK_EQUAL(said("{id: x, kind: match, when: '5'}").size(), 1u);
  CAF_CHECK_EQUAL(said("{id: x, kind: match, when: ''}").size(), 1u);
}

CAF_TEST(what_a_comma_cut_off_is_said) {
  const auto hint = [](const lines& all) {
    return !all.empty() && all[0].ends_with("put it in quotes");
  };
  CAF_CHECK(hint(said(threshold(
      "aggregate: {p: percentile(event.data.x, 95)}\ncondition: p > 1\n"))));
  CAF_CHECK(hint(said("{id: x, kind: match, when: 'true', "
                      "group_by: [math.greatest(event.data.x , 1)]}")));
  CAF_CHECK(!hint(said("{id: x, kind: match, when: '(1', name: n}")));
  CAF_CHECK(!hint(said("id: x\nkind: match\nwhen: (1\n")));
  CAF_CHECK(!hint(said(
      threshold("aggregate: {p: cuont(), q: count()}\ncondition: p > 1\n"))));
}

CAF_TEST(what_is_not_built_is_refused_by_name) {
  CAF_CHECK_EQUAL(
      said("{id: x, kind: sequence, when: 'true', sequence: {within: 1m, "
           "steps: [{name: a, when: 'true'}]}}"),
      lines{"1:15: /kind: kind 'sequence' is not available yet"});
  for (const std::string kind : {"sequence", "anomaly"})
    CAF_CHECK_EQUAL(
        said("{id: x, kind: " + kind + ", when: 'true'}"),
        lines{"1:15: /kind: kind '" + kind + "' is not available yet"});
  CAF_CHECK_EQUAL(said("{id: x, kind: anomaly, when: 'true', anomaly: {value: "
                       "event.data.x}}")
                      .size(),
                  1u);
  CAF_CHECK_EQUAL(
      said("{id: x, kind: match, when: 'true', clock: event}").size(), 1u);
  CAF_CHECK_EQUAL(
      said("{id: x, kind: threshold, when: 'true', condition: 'true', window: "
           "{type: tumbling, size: 1d, time_zone: Europe/Berlin}}")
          .size(),
      1u);
}

CAF_TEST(holes_in_texts_are_expressions) {
  const auto summary = [](const std::string& text) {
    return said("{id: x, kind: match, when: 'true', alert: {summary: '" + text +
                "'}}");
  };
  CAF_CHECK(
      summary("${event.data.x} and ${ {\"a\": \"}\"}.a } and $${x}").empty());
  CAF_CHECK_EQUAL(summary("${event.data.x").size(), 1u);
  CAF_CHECK_EQUAL(summary("${} ${a b}").size(), 2u);
}

CAF_TEST(the_fingerprint_covers_what_the_state_depends_on) {
  const auto base = threshold("condition: \"true\"\n");
  const auto same = fingerprint(base);
  for (const auto* more :
       {"name: n\n", "description: d\n", "labels: {a: b}\n", "severity: info\n",
        "mode: shadow\n", "notify: [x]\n",
        "alert: {summary: s, cooldown: 1h, resolve_after: 1s}\n",
        "tests: [{name: a, events: [], alerts: []}]\n"})
    CAF_CHECK_EQUAL(fingerprint(base + more), same);
  for (const auto* more : {"group_by: [event.type]\n", "backfill: 1h\n",
                           "aggregate: {n: count()}\n"})
    CAF_CHECK_NOT_EQUAL(fingerprint(base + more), same);
}

CAF_TEST(the_horizon_is_window_cooldown_and_resolve_after) {
  CAF_CHECK_EQUAL(rule_of(threshold("condition: \"true\"\n"))->horizon_ms(),
                  600'000);
  CAF_CHECK_EQUAL(
      rule_of(threshold("condition: \"true\"\nalert: {cooldown: 1h, "
                        "resolve_after: 1s}\n"))
          ->horizon_ms(),
      300'000 + 3'600'000 + 1000);
  // An alert of the window that closed last is open while the next one fills.
  CAF_CHECK_EQUAL(
      rule_of("{id: x, kind: threshold, when: 'true', condition: n > 1, "
              "aggregate: {n: count()}, window: {type: tumbling, size: 10s}}")
          ->horizon_ms(),
      20'000);
  const auto plain = rule_of("{id: x, kind: match, when: 'true'}", 3);
  CAF_CHECK_EQUAL(plain->horizon_ms(), 0);
  CAF_CHECK_EQUAL(plain->version(), 3);
  CAF_CHECK_EQUAL(plain->display_name(), "x");
}

CAF_TEST(every_version_but_the_first_is_primed_with_its_horizon) {
  const auto text = threshold("condition: \"true\"\n");
  CAF_CHECK_EQUAL(rule_of(text, 1)->backfill_ms(), 0);
  CAF_CHECK_EQUAL(rule_of(text, 2)->backfill_ms(), 600'000);
  CAF_CHECK_EQUAL(rule_of(text + "backfill: 1h\n", 1)->backfill_ms(),
                  3'600'000);
  CAF_CHECK_EQUAL(rule_of(text + "backfill: 0s\n", 2)->backfill_ms(), 0);
}

CAF_TEST(time_zones_are_known_in_every_expression) {
  CAF_CHECK(problems_of("{id: x, kind: match, when: \"event.received_at."
                        "getHours('Europe/Berlin') < 8\"}")
                .empty());
  rule_evaluator e{
      rule_of("{id: x, kind: match, when: \"timestamp('2009-02-13T23:31:30Z')."
              "getHours('America/New_York') == 18\", alert: {summary: "
              "\"${timestamp('2009-02-13T23:31:30Z').getHours('Asia/Tokyo')}\""
              "}}"),
      {}};
  const auto out = e.evaluate(step_of({event_maker{}(1000)}));
  CAF_REQUIRE_EQUAL(out.changes.size(), 1u);
  CAF_CHECK_EQUAL(out.changes[0].after.summary, "8");
}

CAF_TEST(a_rule_says_whether_it_looks_into_data) {
  CAF_CHECK(
      !rule_of("{id: x, kind: match, when: event.type == 'a'}")->needs_data());
  CAF_CHECK(
      rule_of("{id: x, kind: match, when: has(event.data.x)}")->needs_data());
  CAF_CHECK(rule_of("{id: x, kind: match, when: 'true', alert: {summary: "
                    "'${event.data}'}}")
                ->needs_data());
  CAF_CHECK(rule_of(threshold("aggregate: {n: sum(event.data.x)}\n"
                              "condition: n > 1.0\n"))
                ->needs_data());
}

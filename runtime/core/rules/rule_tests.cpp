#include "runtime/core/rules/rule_tests.hpp"
#include "runtime/core/base/json_parse.hpp"

#include "runtime/core/base/time.hpp"
#include "runtime/core/engine/rule_evaluator.hpp"
#include "runtime/core/rules/test_events.hpp"
#include "runtime/core/windows/rule_time.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

// An alert as it opened, and what became of it.
struct raised {
  alert opened;
  alert latest;
};

std::string moment(int64_t ms) {
  return format_duration_ms(ms - test_epoch_ms);
}

bool same_json(const std::string& a, const std::string& b) {
  return parse_kept_json(a) == parse_kept_json(b);
}

// Every member of `wanted` is in `got` with that value.
bool has_members(const std::string& wanted, const std::string& got) {
  const auto all = parse_kept_json(got);
  const auto asked = parse_kept_json(wanted);
  for (const auto& member : asked.as_object()) {
    const auto* v = all.as_object().if_contains(member.key());
    if (v == nullptr || *v != member.value())
      return false;
  }
  return true;
}

bool fits(const expected_alert& e, const raised& r) {
  const auto resolved = r.latest.resolved_at_ms;
  return r.opened.opened_at_ms == test_epoch_ms + e.at_ms &&
         (!e.group || same_json(*e.group, r.opened.group_json)) &&
         (!e.resolved_at_ms ||
          (resolved && *resolved == test_epoch_ms + *e.resolved_at_ms)) &&
         (!e.count || *e.count == r.latest.count) &&
         (!e.summary || *e.summary == r.opened.summary) &&
         (!e.values || has_members(*e.values, r.opened.values_json));
}

std::string in_words(const expected_alert& e) {
  std::string out = "at " + format_duration_ms(e.at_ms);
  if (e.group)
    out += " group " + *e.group;
  if (e.resolved_at_ms)
    out += " resolved at " + format_duration_ms(*e.resolved_at_ms);
  if (e.count)
    out += " count " + std::to_string(*e.count);
  if (e.summary)
    out += " summary \"" + *e.summary + '"';
  if (e.values)
    out += " values " + *e.values;
  return out;
}

std::string in_words(const raised& r) {
  std::string out =
      "at " + moment(r.opened.opened_at_ms) + " group " + r.opened.group_json;
  if (r.latest.resolved_at_ms)
    out += " resolved at " + moment(*r.latest.resolved_at_ms);
  out += " count " + std::to_string(r.latest.count) + " summary \"" +
         r.opened.summary + '"';
  if (r.opened.values_json != "{}")
    out += " values " + r.opened.values_json;
  return out;
}

// Before the first event, which may be at 0s, and not before 0s: a silence that
// is waited for from the beginning ends when its test says.
constexpr order_key beginning{test_epoch_ms, 0, 0, 0};

class timeline {
public:
  timeline(const compiled_rule_ptr& rule, rule_test_result& result,
           const std::function<bool()>& go_on)
      : rule_(rule, {beginning, 0}), result_(result), go_on_(go_on) {}

  std::vector<raised> all;
  bool stopped = false;

  // One event a step, with the timers before it in a step of their own, so that
  // every opening is seen as it was.
  void play(std::vector<event> events, int64_t end_ms) {
    const auto batch = evaluation_batch::make(std::move(events));
    auto last = beginning;
    for (uint32_t i = 0; i < batch->size() && !stopped; ++i) {
      const auto key = batch->at(i).key();
      run({nullptr, {}, {last, key.received_at_ms}});
      run({batch, {i}, {key, key.received_at_ms}});
      last = key;
    }
    while (const auto next = rule_.next_deadline_ms()) {
      if (*next > end_ms || stopped)
        break;
      run({nullptr, {}, {last, *next}});
    }
  }

private:
  void run(const step& what) {
    stopped = stopped || (go_on_ && !go_on_());
    if (stopped)
      return;
    auto outcome = rule_.evaluate(what);
    result_.errors += outcome.errors;
    if (outcome.errors > 0)
      result_.last_error = std::move(outcome.last_error);
    for (auto& change : outcome.changes) {
      const auto at = std::find_if(all.begin(), all.end(), [&](const auto& r) {
        return r.opened.id == change.after.id;
      });
      if (at != all.end())
        at->latest = std::move(change.after);
      else
        all.push_back({change.after, change.after});
    }
  }

  rule_evaluator rule_;
  rule_test_result& result_;
  const std::function<bool()>& go_on_;
};

int64_t end_of(const rule_test& test, const std::vector<event>& events,
               int64_t horizon_ms) {
  if (test.until_ms)
    return time_add(test_epoch_ms, *test.until_ms);
  auto last = events.empty() ? test_epoch_ms : events.back().received_at_ms;
  for (const auto& e : test.alerts) {
    last = std::max(last, time_add(test_epoch_ms, e.at_ms));
    if (e.resolved_at_ms)
      last = std::max(last, time_add(test_epoch_ms, *e.resolved_at_ms));
  }
  return time_add(last, horizon_ms);
}

rule_test_result run_one(const compiled_rule_ptr& rule, const rule_test& test,
                         const std::function<bool()>& go_on) {
  rule_test_result out;
  out.name = test.name;
  if (go_on && !go_on()) {
    out.diff = "stopped: the tests take too long\n";
    return out;
  }
  auto made = make_test_events(test);
  if (auto* wrong = std::get_if<1>(&made)) {
    out.diff = "its events cannot be made: " + *wrong;
    return out;
  }
  auto& events = std::get<0>(made);
  const auto end = end_of(test, events, rule->horizon_ms());
  timeline t{rule, out, go_on};
  t.play(std::move(events), end);
  if (t.stopped) {
    out.diff = "stopped: the tests take too long\n";
    return out;
  }
  std::vector<const expected_alert*> missing;
  for (const auto& e : test.alerts)
    missing.push_back(&e);
  std::vector<const raised*> surplus;
  for (const auto& r : t.all) {
    const auto at = std::find_if(missing.begin(), missing.end(),
                                 [&](const auto* e) { return fits(*e, r); });
    if (at == missing.end())
      surplus.push_back(&r);
    else
      missing.erase(at);
  }
  for (const auto* e : missing)
    out.diff += "- " + in_words(*e) + '\n';
  for (const auto* r : surplus)
    out.diff += "+ " + in_words(*r) + '\n';
  out.passed = out.diff.empty();
  return out;
}

} // namespace

std::vector<rule_test_result>
run_rule_tests(const compiled_rule_ptr& rule,
               const std::function<bool()>& go_on) {
  std::vector<rule_test_result> out;
  for (const auto& test : rule->document().tests)
    out.push_back(run_one(rule, test, go_on));
  return out;
}

boost::json::object results_object(const compiled_rule& rule,
                                   const std::vector<rule_test_result>& all) {
  bool passed = true;
  boost::json::array tests;
  for (const auto& test : all) {
    passed = passed && test.passed;
    boost::json::object one{{"name", test.name}, {"passed", test.passed}};
    if (!test.diff.empty())
      one["diff"] = test.diff;
    if (test.errors > 0) {
      one["errors"] = test.errors;
      one["last_error"] = test.last_error;
    }
    tests.push_back(std::move(one));
  }
  return {{"rule", rule.id()}, {"passed", passed}, {"tests", std::move(tests)}};
}

} // namespace eventpulse

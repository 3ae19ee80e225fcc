#define CAF_SUITE outcome_store
#include <caf/test/unit_test.hpp>

#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

cursor at(int64_t ms) {
  return {{ms, 0, static_cast<uint64_t>(ms), 1}, ms - 1};
}

alert sample_alert(const std::string& id, int64_t opened_at_ms) {
  alert a;
  a.id = id;
  a.rule = "r1";
  a.rule_version = 3;
  a.group_json = R"(["a",  1.0])";
  a.summary = "it is \"hot\", {really} \\";
  a.values_json = R"({"avg": 1.50})";
  a.count = 7;
  a.opened_at_ms = opened_at_ms;
  a.last_seen_ms = opened_at_ms + 1;
  a.labels = {{"z", "1"}, {"a", "2"}};
  a.events = {{"s", "1"}, {"s", "2"}};
  return a;
}

delivery sample_delivery(const std::string& id) {
  return {id,
          "alert1",
          "c1",
          "alert.opened",
          "{\"a\": 1 }",
          delivery_state::pending,
          0,
          42,
          "00-1-2-01",
          "x=y"};
}

alert_change opened(alert a) {
  return {alert_change::kind::opened, std::move(a), {}};
}

rule_snapshot sample_snapshot() {
  rule_snapshot s;
  s.rule = "r1";
  s.fingerprint = "f1";
  s.engine_version = 2;
  s.at = at(100);
  s.full = true;
  s.groups = {{"a", std::string("\0\1\xff", 3)},
              {std::string(9000, 'k'), "long key"},
              {std::string("b\0c", 3), ""}};
  return s;
}

} // namespace

CAF_TEST(nothing_was_evaluated_at_first) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("start", b.outcomes->load_start());
    b.say("snapshot", b.outcomes->load_snapshot("r1"));
    b.say("alerts", b.outcomes->query({}));
  });
}

CAF_TEST(the_cursor_moves_only_from_where_it_is_expected) {
  EP_SAME_ANSWERS([](backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    c.global = cursor_move{{}, at(10)};
    c.rules = {{"r1", at(12), false}, {"r2", at(5), true}};
    b.say("first", b.outcomes->commit(c));
    c.rules = {{"r3", at(1), false}};
    auto again = b.outcomes->commit(c);
    b.say("the same again", again);
    CAF_CHECK(!again && again.error().code == errc::fenced);
    c.global = cursor_move{at(10), {{5, 7, UINT64_MAX, UINT64_MAX}, -3}};
    c.rules = {{"r1", at(13), false}};
    c.rules_removed = {"r2", "unknown"};
    b.say("on", b.outcomes->commit(c));
    b.say("start", b.outcomes->load_start());
  });
}

CAF_TEST(a_stale_epoch_commits_nothing) {
  EP_SAME_ANSWERS([](backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    b.lease("evaluation");
    c.global = cursor_move{{}, at(10)};
    c.changes = {opened(sample_alert("a1", 5))};
    auto refused = b.outcomes->commit(c);
    b.say("stale", refused);
    CAF_CHECK(!refused && refused.error().code == errc::fenced);
    b.say("snapshots",
          b.outcomes->save_snapshots(c.lease, {sample_snapshot()}));
    b.say("alerts", b.outcomes->query({}));
    b.say("start", b.outcomes->load_start());
    b.say("snapshot", b.outcomes->load_snapshot("r1"));
  });
}

CAF_TEST(an_alert_is_one_row_as_it_was_last) {
  EP_SAME_ANSWERS([](backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    auto a = sample_alert("a1", 5);
    auto later = a;
    later.count = 8;
    later.state = alert_state::resolved;
    later.severity = severity::critical;
    later.resolved_at_ms = 9;
    later.resolve_reason = "condition";
    later.summary = std::string("NUL \0!", 6);
    later.approximate = true;
    c.changes = {opened(a), {alert_change::kind::resolved, later, {}}};
    b.say("opened and resolved", b.outcomes->commit(c));
    b.say("alerts", b.outcomes->query({}));
    later.count = 9;
    c.changes = {{alert_change::kind::updated, later, {}}};
    b.say("updated", b.outcomes->commit(c));
    b.say("alerts", b.outcomes->query({}));
  });
}

CAF_TEST(alerts_are_listed_newest_first_and_filtered) {
  EP_SAME_ANSWERS([](backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    for (int i = 0; i < 6; ++i) {
      auto a = sample_alert("a" + std::to_string(i), 10 + i / 2);
      a.rule = i < 3 ? "low" : "high";
      a.severity = i % 2 ? severity::info : severity::warning;
      a.state = i == 5 ? alert_state::resolved : alert_state::firing;
      a.shadow = i == 4;
      c.changes.push_back(opened(a));
    }
    CAF_REQUIRE(b.outcomes->commit(c));
    auto ask = [&](const char* what, auto change) {
      alert_query q;
      change(q);
      b.say(what, b.outcomes->query(q));
    };
    ask("all", [](auto&) {});
    ask("rule", [](auto& q) { q.rule = "low"; });
    ask("id", [](auto& q) { q.id = "a3"; });
    ask("state", [](auto& q) { q.state = alert_state::resolved; });
    ask("severity", [](auto& q) { q.severity = severity::info; });
    ask("from to", [](auto& q) {
      q.from_ms = 11;
      q.to_ms = 12;
    });
    ask("before", [](auto& q) {
      q.before = {11, "a3"};
      q.limit = 2;
    });
  });
}

CAF_TEST(alerts_are_found_by_an_event_that_they_name) {
  EP_SAME_ANSWERS([](backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    auto odd = sample_alert("a3", 7);
    odd.events = {{"s\"\\", "1"}, {"é", "2'$[*]"}};
    c.changes = {opened(sample_alert("a1", 5)), opened(sample_alert("a2", 6)),
                 opened(odd)};
    c.changes[1].after.events = {{"s", "3"}, {"other", "1"}};
    CAF_REQUIRE(b.outcomes->commit(c));
    auto found = [&](const std::string& source, const std::string& id) {
      alert_query q;
      q.event = event_ref{source, id};
      auto all = b.outcomes->query(q);
      CAF_REQUIRE(all);
      std::string out;
      for (auto& a : *all)
        out += a.id;
      b.say(source + ' ' + id, out);
      return out;
    };
    CAF_CHECK_EQUAL(found("s", "1"), "a1");
    CAF_CHECK_EQUAL(found("other", "1"), "a2");
    CAF_CHECK_EQUAL(found("s", "3"), "a2");
    CAF_CHECK_EQUAL(found("other", "2"), ""); // both, but of no one event
    CAF_CHECK_EQUAL(found("s\"\\", "1"), "a3");
    CAF_CHECK_EQUAL(found("é", "2'$[*]"), "a3");
  });
}

CAF_TEST(an_action_is_one_control_row_however_often_it_is_asked_for) {
  EP_SAME_ANSWERS([](backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    c.changes = {opened(sample_alert("a1", 5))};
    CAF_REQUIRE(b.outcomes->commit(c));
    alert_action action{alert_action::kind::resolve,
                        "a1",
                        "r1",
                        R"(["a",  1.0])",
                        "ann",
                        "it \"is\" known"};
    b.say("first", b.outcomes->act(action, me));
    action.by = "bob";
    b.say("again", b.outcomes->act(action, me));
    action.what = alert_action::kind::acknowledge;
    b.say("another", b.outcomes->act(action, me));
    action.alert = "a2";
    auto unknown = b.outcomes->act(action, me);
    b.say("unknown", unknown);
    CAF_CHECK(!unknown && unknown.error().code == errc::not_found);
    auto rows = b.rules->unplaced(-1000);
    CAF_REQUIRE(rows);
    CAF_CHECK_EQUAL(rows->size(), 2u);
    b.say("audit", b.audit->query({}));
    auto kept = b.audit->query({});
    CAF_REQUIRE(kept);
    CAF_CHECK_EQUAL(kept->size(), 2u); // what stands already is no change
  });
}

CAF_TEST(the_first_acknowledgement_stands_whatever_evaluation_writes) {
  EP_SAME_ANSWERS([](backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    auto a = sample_alert("a1", 5);
    c.changes = {opened(a), opened(sample_alert("a2", 5))};
    placed_action action{{7, 0, 7, 1}, {}};
    action.what.alert = "a1";
    action.what.by = "ann";
    action.what.comment = "on it";
    auto unknown = action;
    unknown.what.alert = "nobody";
    c.acknowledged = {action, unknown};
    b.say("in one commit", b.outcomes->commit(c));
    action.key.received_at_ms = 8;
    action.what.by = "bob";
    c.acknowledged = {action};
    a.state = alert_state::resolved;
    a.resolved_at_ms = 9;
    a.resolve_reason = "by_hand";
    a.resolved_by = "cleo";
    a.resolve_comment = "done";
    c.changes = {{alert_change::kind::resolved, a, {}}};
    b.say("again", b.outcomes->commit(c));
    b.say("alerts", b.outcomes->query({}));
    alert_query q;
    q.acknowledged = true;
    b.say("acknowledged", b.outcomes->query(q));
    q.acknowledged = false;
    b.say("not acknowledged", b.outcomes->query(q));
    q.acknowledged = {};
    q.id = "a1";
    auto found = b.outcomes->query(q);
    CAF_REQUIRE(found && found->size() == 1);
    CAF_CHECK_EQUAL(found->front().acknowledged_by, "ann");
    CAF_CHECK_EQUAL(found->front().resolved_by, "cleo");
  });
}

CAF_TEST(deliveries_are_inserted_once_and_statuses_upserted) {
  EP_SAME_ANSWERS([](backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    c.worker = "w1";
    c.deliveries = {sample_delivery("d1"), sample_delivery("d2")};
    c.statuses = {{"r1", 2, rule_state::active, "w1", "", 5, 6, 7}};
    b.say("first", b.outcomes->commit(c));
    c.deliveries[0].body = "changed";
    c.deliveries.push_back(sample_delivery("d3"));
    c.statuses = {{"r1", 3, rule_state::degraded, "w2", "bad", 1, 2, 3}};
    b.say("again", b.outcomes->commit(c));
    b.say("deliveries", b.deliveries->query({}));
    b.say("status", b.rules->status("r1"));
    b.say("no status", b.rules->status("r2"));
  });
}

CAF_TEST(a_snapshot_is_rewritten_where_it_changed) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("evaluation");
    b.say("full", b.outcomes->save_snapshots(lease, {sample_snapshot()}));
    b.say("loaded", b.outcomes->load_snapshot("r1"));
    auto part = sample_snapshot();
    part.full = false;
    part.at = at(200);
    part.groups = {{"a", "new"}, {"d", "added"}};
    part.removed = {std::string(9000, 'k'), "unknown"};
    b.say("part", b.outcomes->save_snapshots(lease, {part}));
    b.say("loaded", b.outcomes->load_snapshot("r1"));
    auto full = sample_snapshot();
    full.groups = {{"only", "one"}};
    b.say("full again", b.outcomes->save_snapshots(lease, {full}));
    b.say("loaded", b.outcomes->load_snapshot("r1"));
    outcome_commit c;
    c.lease = lease;
    c.rules_removed = {"r1"};
    b.say("removed", b.outcomes->commit(c));
    b.say("gone", b.outcomes->load_snapshot("r1"));
    b.say("again", b.outcomes->save_snapshots(lease, {full}));
    c.rules = {{"r1", at(300), false}};
    b.say("removed for another", b.outcomes->commit(c));
    b.say("gone again", b.outcomes->load_snapshot("r1"));
    b.say("its cursor stays", b.outcomes->load_start());
  });
}

CAF_TEST(a_part_without_a_full_snapshot_is_refused_with_all_of_its_commit) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("evaluation");
    auto part = sample_snapshot();
    part.rule = "r2";
    part.full = false;
    b.say("part", b.outcomes->save_snapshots(lease, {sample_snapshot(), part}));
    b.say("the other", b.outcomes->load_snapshot("r1"));
  });
}

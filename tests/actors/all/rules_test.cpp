#define CAF_SUITE rules
#define FAIL CAF_FAIL

// The rule_router with real evaluators, recorder, history and catalog.

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/limits.hpp"

#include "tests/support/rules_house.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

const std::string match_m = R"(
id: m
kind: match
when: event.type == "m"
group_by: [event.data.g]
notify: [desk]
)";

// Every event concerns it.
const std::string match_all = R"(
id: all
kind: match
when: event.type != ""
group_by: [event.data.g]
)";

const std::string three = R"(
id: three
kind: threshold
when: event.type == "t"
group_by: [event.data.g]
window: {type: sliding, size: 60s}
aggregate: {n: count()}
condition: n >= 3
alert: {summary: "${n} on ${group[0]}", resolve_after: 10s}
notify: [desk]
)";

const std::string quiet = R"(
id: quiet
kind: absence
when: event.type == "beat"
group_by: [event.data.g]
absence: {for: 10s}
notify: [desk]
)";

std::string with(std::string text, std::string_view what, std::string_view by) {
  auto at = text.find(what);
  CAF_REQUIRE_NOT_EQUAL(at, std::string::npos);
  return text.replace(at, what.size(), by);
}

using fixture = rules_house;

} // namespace

CAF_TEST_FIXTURE_SCOPE(rules_tests, fixture)

// --- publishing --------------------------------------------------------------

CAF_TEST(a_rule_judges_what_comes_after_its_place_in_the_stream) {
  up();
  CAF_CHECK_EQUAL(went_live, 1u);
  emit("m");
  publish(match_m);
  CAF_CHECK_EQUAL(state_of("m"), "active");
  emit("x");
  emit("m", "b");
  CAF_CHECK_EQUAL(alerts(), R"(m ["b"]@0 resolved)");
  CAF_CHECK_EQUAL(db->deliveries.size(), 1u);
}

CAF_TEST(one_batch_may_hold_events_before_and_after_a_control) {
  up();
  emit_only("m", "before");
  publish_only(match_m);
  emit_only("m", "after");
  settle();
  CAF_CHECK_EQUAL(alerts(), R"(m ["after"]@0 resolved)");
}

CAF_TEST(another_version_judges_from_its_own_place_on) {
  up();
  publish(match_m);
  emit_only("m", "old");
  publish_only(with(match_m, "== \"m\"", "== \"n\""));
  emit_only("m", "none");
  emit_only("n", "new");
  settle();
  CAF_CHECK_EQUAL(alerts(), R"(m ["new"]@0 resolved; m ["old"]@0 resolved)");
  CAF_CHECK_EQUAL(state_of("m"), "active");
  CAF_CHECK_EQUAL(db->statuses["m"].version, 2);
}

CAF_TEST(a_version_with_the_same_state_goes_on_with_it) {
  up();
  publish(three);
  emit("t");
  emit("t");
  publish(with(three, "${n} on", "${n} times on"));
  emit("t");
  CAF_REQUIRE_EQUAL(db->alerts.size(), 1u);
  CAF_CHECK_EQUAL(db->alerts.begin()->second.summary, "3 times on a");
  CAF_CHECK_EQUAL(db->alerts.begin()->second.rule_version, 2);
}

CAF_TEST(a_shorter_wait_of_the_same_state_counts_at_once) {
  up();
  publish(with(three, "resolve_after: 10s", "resolve_after: 600s"));
  for (int i = 0; i < 3; ++i)
    emit("t");
  pass(70s);
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 firing)");
  publish(three);
  pass(15s);
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 resolved)");
}

CAF_TEST(a_successor_is_primed_and_adopts_what_is_open) {
  up();
  publish(three);
  for (int i = 0; i < 3; ++i)
    emit("t");
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 firing)");
  publish(with(three, "n >= 3", "n >= 2"));
  pass(1s);
  // The condition holds in the window before it: the alert goes on.
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 firing)");
  publish(with(three, "n >= 3", "n >= 5"));
  pass(1s);
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 resolved)");
  CAF_CHECK_EQUAL(db->alerts.begin()->second.resolve_reason, "rule_changed");
}

CAF_TEST(a_removed_rule_resolves_what_is_open_and_leaves_nothing) {
  up();
  publish(three);
  for (int i = 0; i < 3; ++i)
    emit("t");
  pass(11s); // a snapshot
  CAF_CHECK(db->snapshots.contains("three"));
  remove("three");
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 resolved)");
  CAF_CHECK_EQUAL(db->alerts.begin()->second.resolve_reason, "rule_removed");
  CAF_CHECK_EQUAL(state_of("three"), "off");
  CAF_CHECK(!db->snapshots.contains("three"));
  for (int i = 0; i < 5; ++i)
    emit("t");
  CAF_CHECK_EQUAL(db->alerts.size(), 1u);
  pass(1s);
  restart();
  CAF_CHECK(!db->cursors.contains("three"));
  emit("t");
  CAF_CHECK_EQUAL(db->alerts.size(), 1u);
}

CAF_TEST(a_rule_switched_off_is_silent_until_it_is_switched_on) {
  up();
  publish(match_m);
  emit("m", "1");
  publish(match_m + "mode: off\n");
  emit("m", "2");
  CAF_CHECK_EQUAL(state_of("m"), "off");
  publish(match_m);
  emit("m", "3");
  CAF_CHECK_EQUAL(alerts(), R"(m ["1"]@0 resolved; m ["3"]@0 resolved)");
}

CAF_TEST(a_rule_switched_on_again_is_primed_whether_or_not_all_dies) {
  for (bool dies : {false, true}) {
    rules_house h;
    h.up();
    h.publish(three);
    h.publish(three + "mode: off\n");
    for (int i = 0; i < 3; ++i)
      h.emit("t");
    h.publish_only(three);
    if (dies) {
      h.rules_down();
      h.rules_up();
    }
    h.settle();
    h.pass(1s);
    CAF_CHECK_EQUAL(h.alerts(), R"(three ["a"]@0 firing)");
  }
}

CAF_TEST(a_shadow_rule_alerts_and_tells_nobody) {
  up();
  publish(match_m + "mode: shadow\n");
  emit("m");
  CAF_CHECK_EQUAL(db->alerts.size(), 1u);
  CAF_CHECK(db->deliveries.empty());
}

CAF_TEST(a_control_that_is_not_understood_stops_nobody) {
  up();
  publish(match_m);
  auto odd = uuid_v5("odd");
  db->controls[odd] = {{odd, "rule.blessed", "{}", {}}, 0, false};
  append(intake::encode(intake::control_mark{odd}));
  emit("m");
  CAF_CHECK(logged("event=control_not_understood"));
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
}

CAF_TEST(a_document_that_does_not_compile_never_replaces_a_good_one) {
  up();
  publish(match_m);
  auto done = memory::make_rule_store(db)->publish(
      {"m", R"({"id":"m","kind":"match","when":"1 +"})", me, {}, {}});
  append(intake::encode(intake::control_mark{done->control.id}));
  emit("m");
  CAF_CHECK(logged("event=rule_does_not_compile"));
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
}

// --- starting ----------------------------------------------------------------

CAF_TEST(a_start_evaluates_what_was_persisted_and_not_evaluated) {
  up();
  publish(match_m);
  emit("m", "1");
  rules_down();
  emit("m", "2"); // the reader persists it, nobody evaluates
  CAF_CHECK_EQUAL(db->events.size(), 2u);
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
  rules_up();
  settle();
  pass(1s);
  CAF_CHECK_EQUAL(alerts_of("m"), 2u);
  emit("m", "3");
  CAF_CHECK_EQUAL(alerts_of("m"), 3u);
  CAF_CHECK_EQUAL(db->deliveries.size(), 3u);
}

CAF_TEST(outcomes_that_were_not_committed_are_made_again) {
  up();
  publish(match_m);
  pass(1s);
  break_store("outcome_store.commit", failure{errc::unavailable, "away"});
  emit("m", "1");
  emit("m", "2");
  pass(1s);
  CAF_CHECK_EQUAL(alerts_of("m"), 0u);
  crash();
  break_store("outcome_store.commit", std::nullopt);
  up();
  pass(1s);
  CAF_CHECK_EQUAL(alerts(), R"(m ["1"]@1000 resolved; m ["2"]@1000 resolved)");
}

CAF_TEST(a_start_without_a_snapshot_primes_from_history_in_silence) {
  up();
  publish(three);
  emit("t");
  emit("t");
  pass(1s);
  db->snapshots.clear(); // lost
  restart();
  CAF_CHECK_EQUAL(alerts(), "");
  emit("t");
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@2000 firing)");
  pass(1s);
  auto deliveries = db->deliveries.size();
  restart();
  emit("t");
  CAF_CHECK_EQUAL(db->alerts.size(), 1u);
  CAF_CHECK_EQUAL(db->deliveries.size(), deliveries);
}

CAF_TEST(a_rule_that_has_just_begun_goes_on_as_if_nothing_had_been) {
  up();
  publish(with(three, "size: 60s", "size: 1s"));
  for (int i = 0; i < 3; ++i)
    emit("t");
  pass(3s); // false for two seconds of the ten that it stays open
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 firing)");
  restart();
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 firing)");
  pass(10s);
  CAF_REQUIRE_EQUAL(alerts(), R"(three ["a"]@0 resolved)");
  auto& alert = db->alerts.begin()->second;
  CAF_CHECK_EQUAL(alert.resolve_reason, "condition");
  CAF_CHECK_EQUAL(*alert.resolved_at_ms - alert.opened_at_ms, 11'000);
}

CAF_TEST(a_version_with_the_same_state_is_recovered_as_it_took_over) {
  up();
  auto brief = with(with(three, "size: 60s", "size: 1s"), "10s", "2s");
  publish(brief);
  for (int i = 0; i < 3; ++i)
    emit("t");
  pass(4s);
  CAF_REQUIRE_EQUAL(alerts(), R"(three ["a"]@0 resolved)");
  publish(with(brief, "resolve_after: 2s", "resolve_after: 60s"));
  pass(1s);
  restart(); // under a wait of 60 s the alert would still be open
  for (int i = 0; i < 3; ++i)
    emit("t");
  CAF_CHECK_EQUAL(alerts(),
                  R"(three ["a"]@0 resolved; three ["a"]@6000 firing)");
}

CAF_TEST(a_rule_whose_versions_are_ahead_of_the_cursor_skips_nothing) {
  up();
  publish(match_m);
  publish(three);
  pass(1s);
  slow.insert("three"); // holds the global cursor
  emit("t");
  publish(match_m + "name: another\n");
  emit("t");
  publish(match_m + "name: a third\n"); // its state is kept, as of here
  crash();
  slow.clear();
  up();
  emit("t");
  emit("m");
  CAF_CHECK_EQUAL(alerts(),
                  R"(m ["a"]@1000 resolved; three ["a"]@1000 firing)");
  CAF_CHECK_EQUAL(db->statuses["m"].version, 3);
}

CAF_TEST(an_older_version_that_came_late_is_not_begun_by_a_start) {
  up();
  publish(match_m);
  publish(three);
  pass(1s);
  slow.insert("three"); // holds the global cursor
  emit("t");
  auto document = std::get<0>(parse_rule_yaml(with(match_m, "m\"", "n\"")));
  auto lost = memory::make_rule_store(db)->publish(
      {"m", to_json(document), me, {}, document.notify});
  publish(with(match_m, "m\"", "x\""));
  append(intake::encode(intake::control_mark{lost->control.id}));
  settle();
  emit("x", "1");
  crash();
  slow.clear();
  up();
  pass(1s);
  emit("n", "2");
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
  emit("x", "3");
  CAF_CHECK_EQUAL(alerts_of("m"), 2u);
}

CAF_TEST(a_rule_that_ended_ahead_of_the_cursor_does_not_begin_again) {
  up();
  publish(match_m);
  publish(three);
  emit("t");
  emit("t");
  emit("t");
  pass(1s);
  slow.insert("m"); // holds the global cursor
  emit("m");
  publish(with(three, "n >= 3", "n >= 2"));
  remove("three");
  auto before = alerts();
  CAF_CHECK_EQUAL(before, R"(three ["a"]@0 resolved)");
  crash();
  slow.clear();
  up();
  pass(1s);
  CAF_CHECK_EQUAL(alerts(), R"(m ["a"]@1000 resolved; )" + before);
  CAF_CHECK_EQUAL(db->alerts.size(), 2u);
  CAF_CHECK_EQUAL(state_of("three"), "off");
}

CAF_TEST(a_rule_that_nothing_concerns_does_not_make_a_start_read_far_back) {
  up();
  publish(match_m);
  for (int i = 0; i < 30; ++i) {
    surroundings->now += 60'000;
    emit("x");
    pass(11s);
  }
  auto at = db->snapshots["m"].at.key.received_at_ms;
  CAF_CHECK(at >= surroundings->now - 400'000);
  restart();
  emit("m");
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
}

CAF_TEST(a_refused_snapshot_is_told_and_the_next_one_stands_alone) {
  up();
  break_store("outcome_store.save_snapshots", failure{errc::rejected, "no"});
  publish(three);
  publish(quiet);
  for (int i = 0; i < 3; ++i)
    emit("t");
  pass(11s);
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 firing)");
  CAF_CHECK(logged("event=snapshot_refused"));
  CAF_CHECK(db->snapshots.empty());
  break_store("outcome_store.save_snapshots", std::nullopt);
  emit("t");
  pass(11s);
  CAF_REQUIRE_EQUAL(db->snapshots.count("three"), 1u);
  restart();
  emit("t");
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 firing)");
  CAF_CHECK_EQUAL(db->alerts.begin()->second.count, 3u);
}

CAF_TEST(snapshots_are_taken_after_so_many_events_whatever_the_time) {
  snapshot_events = 4;
  up();
  publish(three);
  auto born = db->snapshots.at("three").at;
  for (int i = 0; i < 3; ++i)
    emit("t");
  CAF_CHECK(db->snapshots.at("three").at == born);
  emit("t");
  auto fourth = db->events.rbegin()->first;
  CAF_CHECK(db->snapshots.at("three").at.key == fourth);
  for (int i = 0; i < 3; ++i)
    emit("t");
  CAF_CHECK(db->snapshots.at("three").at.key == fourth);
  emit("t");
  CAF_CHECK(fourth < db->snapshots.at("three").at.key);
}

CAF_TEST(a_start_goes_on_from_snapshots) {
  up();
  publish(three);
  emit("t");
  emit("t");
  pass(11s);
  CAF_REQUIRE(db->snapshots.contains("three"));
  emit("x");
  crash();
  db->events.clear(); // only the snapshot knows them
  db->event_places.clear();
  up();
  emit("t");
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@11000 firing)");
}

CAF_TEST(a_snapshot_that_cannot_be_read_is_rebuilt_from_history) {
  up();
  publish(three);
  emit("t");
  emit("t");
  pass(11s);
  crash();
  for (auto& group : db->snapshots["three"].groups)
    group.bytes = "?";
  up();
  emit("t");
  CAF_CHECK(logged("event=state_rebuilt"));
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@11000 firing)");
}

CAF_TEST(a_database_that_is_away_at_the_start_only_delays) {
  up();
  publish(match_m);
  crash();
  break_store("event_store.read_back", failure{errc::unavailable, "away"});
  break_store("outcome_store.load_snapshot",
              failure{errc::unavailable, "away"});
  up();
  emit("m");
  pass(2s);
  CAF_CHECK_EQUAL(alerts_of("m"), 0u);
  break_store("outcome_store.load_snapshot", std::nullopt);
  pass(2s);
  break_store("event_store.read_back", std::nullopt);
  pass(2s);
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
}

CAF_TEST(a_batch_that_comes_again_changes_nothing) {
  up();
  publish(match_m);
  emit("m");
  emit("m");
  auto before = alerts();
  auto at = db->evaluated;
  auto again = std::make_shared<persisted_batch>();
  for (auto& [key, stored] : db->events)
    again->events.push_back(stored.what);
  again->controls = db->placed_controls();
  auto done =
      ask<caf::ok_atom>(router, batch_atom::value, persisted_batch_ptr{again});
  CAF_CHECK(done.ok());
  CAF_CHECK_EQUAL(alerts(), before);
  CAF_CHECK(!(db->evaluated < at));
}

// --- time --------------------------------------------------------------------

CAF_TEST(a_timer_acts_at_its_deadline_though_nothing_comes) {
  up();
  publish(quiet);
  emit("beat");
  pass(9s);
  CAF_CHECK_EQUAL(alerts(), "");
  pass(2s);
  CAF_CHECK_EQUAL(alerts(), R"(quiet ["a"]@10000 firing)");
  emit("beat");
  pass(1s);
  CAF_CHECK_EQUAL(alerts(), R"(quiet ["a"]@10000 resolved)");
}

CAF_TEST(a_timer_acts_before_the_event_that_is_later) {
  up();
  publish(quiet);
  emit("beat");
  surroundings->now += 20'000; // nobody's clock came by
  emit("beat");
  pass(1s);
  CAF_CHECK_EQUAL(alerts(), R"(quiet ["a"]@10000 resolved)");
}

CAF_TEST(the_global_cursor_waits_for_a_deadline_that_is_learned_late) {
  up();
  publish(quiet);
  publish(match_m);
  slow.insert("quiet");
  emit("beat");
  surroundings->now += 20'000;
  emit("m");
  pass(1s);
  auto deadline = static_cast<int64_t>(day_start_ms) + 10'000;
  CAF_CHECK(db->evaluated.timer_ms < deadline);
  CAF_CHECK_EQUAL(alerts_of("m"), 1u); // nobody waits for it
  hasten("quiet");
  pass(1s);
  CAF_CHECK(db->evaluated.timer_ms > deadline);
  CAF_CHECK_EQUAL(alerts_of("quiet"), 1u);
  CAF_CHECK(alerts().find(R"(quiet ["a"]@10000)") != std::string::npos);
}

CAF_TEST(timers_that_fall_due_at_a_control_are_not_passed_over) {
  up();
  publish(quiet);
  publish(match_m);
  emit("beat");
  surroundings->now += 20'000;
  slow.insert("quiet");
  remove("m");
  pass(1s);
  auto deadline = static_cast<int64_t>(day_start_ms) + 10'000;
  CAF_CHECK(db->evaluated.timer_ms < deadline);
  crash();
  slow.clear();
  up();
  pass(1s);
  CAF_CHECK_EQUAL(alerts(), R"(quiet ["a"]@10000 firing)");
}

CAF_TEST(a_slow_evaluator_with_a_deadline_asks_for_no_stream_of_clocks) {
  up();
  publish(quiet);
  emit("beat");
  slow.insert("quiet");
  pass(10s); // its timer is due and under way
  auto steps_before = db->partitions[0].clock_ms;
  (void)steps_before;
  for (int i = 0; i < 100; ++i) {
    ++surroundings->now;
    settle();
  }
  CAF_CHECK(!logged("event=rule_left_behind"));
  hasten("quiet");
  pass(1s);
  CAF_CHECK_EQUAL(alerts(), R"(quiet ["a"]@10000 firing)");
}

// --- dying -------------------------------------------------------------------

CAF_TEST(an_evaluator_that_died_catches_up_and_nothing_is_lost_or_doubled) {
  up();
  publish(three);
  publish(match_m);
  emit("t");
  emit("t");
  kill_evaluator("three");
  emit("m", "1");
  emit("t");
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
  CAF_CHECK_EQUAL(alerts_of("three"), 0u);
  pass(2s);
  CAF_CHECK_EQUAL(alerts_of("three"), 1u);
  CAF_CHECK_EQUAL(state_of("three"), "active");
  CAF_CHECK(!db->cursors["three"].detached);
  emit("t");
  pass(1s);
  CAF_CHECK_EQUAL(alerts_of("three"), 1u);
  CAF_CHECK_EQUAL(db->alerts.size(), 2u);
}

CAF_TEST(what_is_fed_while_a_page_of_history_is_on_its_way_is_not_lost) {
  up();
  publish(match_m);
  emit("m", "1");
  // At every message between the death and the join one more event comes in.
  kill_evaluator("m");
  for (int i = 0; i < 40; ++i) {
    emit_only("m", std::to_string(100 + i));
    for (int k = 0; k < i % 7; ++k)
      sched.try_run_once();
    if (i == 5)
      advance_time(1s);
  }
  settle();
  pass(2s);
  CAF_CHECK_EQUAL(alerts_of("m"), 41u);
}

CAF_TEST(an_event_that_kills_alone_twice_is_skipped_for_that_rule_only) {
  up();
  publish(match_m);
  publish(match_all);
  emit("m", "1");
  deaths["m/poison"] = 3; // in the batch, then twice alone
  emit_only("m", "2");
  emit_only("m", "p", "poison");
  emit_only("m", "3");
  settle();
  pass(10s);
  emit("m", "4");
  pass(1s);
  auto dead = db->dead_letters();
  CAF_REQUIRE_EQUAL(dead.size(), 1u);
  CAF_CHECK_EQUAL(dead.front().kind, "evaluation");
  CAF_CHECK(dead.front().where.has_value());
  CAF_CHECK_EQUAL(alerts_of("m"), 4u);
  CAF_CHECK_EQUAL(alerts_of("all"), 5u);
  CAF_CHECK_EQUAL(state_of("m"), "active");
  CAF_CHECK_EQUAL(state_of("all"), "active");
}

CAF_TEST(an_event_that_kills_once_is_evaluated) {
  up();
  publish(match_m);
  deaths["m/unlucky"] = 2;
  emit("m", "1", "unlucky");
  pass(5s);
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
  CAF_CHECK(db->dead.empty());
}

CAF_TEST(a_parked_rule_stops_nobody_and_holds_its_cursor) {
  up();
  publish(with(match_m, "id: m", "id: bad"));
  publish(match_m);
  pass(1s);
  auto at = db->evaluated;
  for (int i = 0; i < 20; ++i)
    emit_only("m", "x");
  settle();
  for (int i = 0; i < 40; ++i) {
    kill_evaluator("bad");
    pass(1100ms);
  }
  CAF_REQUIRE_EQUAL(state_of("bad"), "degraded");
  CAF_CHECK(db->cursors["bad"].detached);
  auto held = db->cursors["bad"].at;
  emit("m", "y");
  pass(1s);
  CAF_CHECK_EQUAL(alerts_of("m"), 21u);
  CAF_CHECK(at < db->evaluated);
  CAF_CHECK(db->cursors["bad"].at == held);
  // A new version of it lives again; a restart tries the old one again.
  publish(with(match_m, "id: m", "id: bad"));
  pass(1s);
  CAF_CHECK_EQUAL(state_of("bad"), "active");
  auto before = alerts_of("bad");
  emit("m", "z");
  CAF_CHECK_EQUAL(alerts_of("bad"), before + 1);
}

CAF_TEST(a_parked_rule_that_is_removed_leaves_no_open_alert) {
  up();
  publish(three);
  for (int i = 0; i < 3; ++i)
    emit("t");
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 firing)");
  for (int i = 0; i < 40; ++i) {
    kill_evaluator("three");
    pass(1100ms);
  }
  CAF_REQUIRE_EQUAL(state_of("three"), "degraded");
  remove("three");
  pass(1s);
  CAF_CHECK_EQUAL(alerts(), R"(three ["a"]@0 resolved)");
  CAF_CHECK_EQUAL(state_of("three"), "off");
  restart();
  CAF_CHECK(!db->cursors.contains("three"));
}

CAF_TEST(many_that_die_while_catching_up_do_not_block_those_that_wait) {
  up();
  for (int i = 0; i < 6; ++i)
    publish(with(match_m, "id: m", "id: m" + std::to_string(i)));
  emit("m");
  for (int i = 0; i < 6; ++i)
    kill_evaluator("m" + std::to_string(i));
  pass(90ms);
  break_store("event_store.read_back", failure{errc::unavailable, "away"});
  pass(200ms);
  for (int i = 0; i < 6; ++i)
    kill_evaluator("m" + std::to_string(i));
  break_store("event_store.read_back", std::nullopt);
  pass(3s);
  emit("m");
  pass(1s);
  for (int i = 0; i < 6; ++i) {
    CAF_CHECK_EQUAL(state_of("m" + std::to_string(i)), "active");
    CAF_CHECK_EQUAL(alerts_of("m" + std::to_string(i)), 2u);
  }
}

CAF_TEST(a_version_whose_evaluator_dies_while_the_next_compiles_is_waited_for) {
  up();
  publish(match_m);
  publish_only(with(match_m, "== \"m\"", "== \"n\""));
  emit_only("m", "late");
  emit_only("n", "new");
  // The evaluator dies at every stage of the publication.
  for (int i = 0; i < 30; ++i) {
    sched.try_run_once();
    if (i % 5 == 4)
      if (auto alive = caf::actor_cast<caf::actor>(evaluators_of["m"]))
        caf::anon_send_exit(alive, caf::exit_reason::kill);
  }
  settle();
  pass(10s);
  emit("n", "last");
  pass(1s);
  CAF_CHECK_EQUAL(alerts(),
                  R"(m ["last"]@10000 resolved; m ["new"]@0 resolved)");
  CAF_CHECK_EQUAL(state_of("m"), "active");
}

// --- slow --------------------------------------------------------------------

CAF_TEST(a_slow_rule_leaves_the_level_set_and_comes_back) {
  up();
  publish(match_m);
  publish(match_all);
  pass(1s);
  slow.insert("m");
  auto many = static_cast<int>(limits::level_lag_batches_max) + 10;
  for (int i = 0; i < many; ++i) {
    ++surroundings->now;
    emit("m", std::to_string(i));
  }
  pass(1s);
  CAF_CHECK(logged("event=rule_left_behind"));
  CAF_CHECK_EQUAL(state_of("m"), "catching_up");
  CAF_CHECK(db->cursors["m"].detached);
  CAF_CHECK_EQUAL(alerts_of("all"), static_cast<size_t>(many));
  CAF_CHECK(db->cursors["m"].at < db->evaluated);
  hasten("m");
  pass(2s);
  CAF_CHECK_EQUAL(state_of("m"), "active");
  CAF_CHECK_EQUAL(alerts_of("m"), static_cast<size_t>(many));
  emit("m", "end");
  CAF_CHECK_EQUAL(alerts_of("m"), static_cast<size_t>(many) + 1);
}

CAF_TEST(a_rule_that_begins_slowly_is_not_forgotten) {
  up();
  publish(match_all);
  slow.insert("m");
  publish(match_m); // its begin is not answered
  auto many = static_cast<int>(limits::level_lag_batches_max) + 10;
  for (int i = 0; i < many; ++i) {
    ++surroundings->now;
    emit("m", std::to_string(i));
  }
  pass(1s);
  CAF_CHECK_EQUAL(alerts_of("all"), static_cast<size_t>(many));
  hasten("m");
  pass(2s);
  CAF_CHECK_EQUAL(state_of("m"), "active");
  CAF_CHECK_EQUAL(alerts_of("m"), static_cast<size_t>(many));
}

CAF_TEST(a_rule_that_retires_slowly_holds_credit_back_and_nothing_is_lost) {
  up();
  publish(match_m);
  publish(match_all);
  slow.insert("m");
  emit("m", "old");
  remove("m");
  auto many = static_cast<int>(limits::level_lag_batches_max) + 30;
  for (int i = 0; i < many; ++i) {
    ++surroundings->now;
    emit("m", std::to_string(i));
  }
  pass(1s);
  CAF_CHECK_EQUAL(alerts_of("m"), 0u);
  CAF_CHECK_EQUAL(state_of("m"), "active");
  hasten("m");
  pass(2s);
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
  CAF_CHECK_EQUAL(state_of("m"), "off");
  CAF_CHECK_EQUAL(alerts_of("all"), static_cast<size_t>(many) + 1);
}

CAF_TEST(a_version_whose_evaluator_dies_at_its_end_is_evaluated_to_it) {
  auto brief = with(three, "size: 60s", "size: 1s");
  for (bool replaced : {false, true}) {
    rules_house h;
    h.up();
    h.publish(brief);
    for (int i = 0; i < 3; ++i)
      h.emit("t");
    h.slow.insert("three");
    h.surroundings->now += 30'000;
    if (replaced)
      h.publish(with(brief, "n >= 3", "n >= 2"));
    else
      h.remove("three");
    CAF_CHECK_EQUAL(h.alerts(), R"(three ["a"]@0 firing)");
    h.slow.clear();
    h.kill_evaluator("three");
    h.pass(2s);
    CAF_REQUIRE_EQUAL(h.alerts(), R"(three ["a"]@0 resolved)");
    auto& alert = h.db->alerts.begin()->second;
    CAF_CHECK_EQUAL(alert.resolve_reason, "condition");
    CAF_CHECK_EQUAL(*alert.resolved_at_ms - alert.opened_at_ms, 11'000);
    CAF_CHECK_EQUAL(h.state_of("three"), replaced ? "active" : "off");
  }
}

// --- ending ------------------------------------------------------------------

CAF_TEST(a_router_that_is_asked_to_end_leaves_nothing_to_be_done_again) {
  up();
  publish(three);
  pass(11s);
  emit("t");
  emit("t");
  auto newest = db->events.rbegin()->first;
  CAF_CHECK(db->evaluated.key < newest);
  stop_router();
  CAF_CHECK(router_ended());
  CAF_CHECK(db->evaluated.key == newest);
  CAF_CHECK(db->snapshots["three"].at.key == newest);
  crash();
  db->events.clear(); // nobody asks for them
  db->event_places.clear();
  up();
  emit("t");
  CAF_CHECK_EQUAL(alerts_of("three"), 1u);
}

CAF_TEST(a_router_that_is_asked_to_end_waits_for_what_is_under_way) {
  up();
  publish(match_m);
  pass(1s);
  slow.insert("m");
  emit("m");
  stop_router();
  CAF_CHECK(!router_ended());
  emit("m", "late"); // the reader keeps it for the next router
  CAF_CHECK_EQUAL(alerts_of("m"), 0u);
  hasten("m");
  CAF_CHECK(router_ended());
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
  crash();
  up();
  pass(1s);
  CAF_CHECK_EQUAL(alerts_of("m"), 2u);
}

CAF_TEST(a_router_that_is_asked_to_end_does_not_wait_for_the_dead) {
  up();
  publish(match_m);
  pass(1s);
  slow.insert("m");
  emit("m");
  stop_router();
  CAF_CHECK(!router_ended());
  kill_evaluator("m");
  CAF_CHECK(router_ended());
  crash();
  slow.clear();
  up();
  pass(1s);
  CAF_CHECK_EQUAL(alerts_of("m"), 1u);
}

// --- fences ------------------------------------------------------------------

CAF_TEST(a_fenced_evaluation_ends_the_router_and_tells_the_keeper) {
  up();
  publish(match_m);
  steal_lease("evaluation");
  emit("m");
  CAF_CHECK(fenced > 0);
  CAF_CHECK_EQUAL(alerts_of("m"), 0u);
  auto late = ask<caf::ok_atom>(router, batch_atom::value,
                                persisted_batch_ptr{new persisted_batch});
  CAF_CHECK(!late.ok());
}

CAF_TEST_FIXTURE_SCOPE_END()

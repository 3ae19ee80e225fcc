#define CAF_SUITE retention
#define FAIL CAF_FAIL

// The retention actor on the memory store.

#include "actors/retention.hpp"

#include "runtime/adapters/memory/memory_retention_store.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

constexpr auto day = 24h;

struct fixture : actor_fixture {
  lease_token lease = take_lease("evaluation", "me");
  metrics meters;
  retention_actor actor;
  size_t fenced = 0;
  retention_periods keep{30 * day,  180 * day, 180 * day, 30 * day,
                         365 * day, 30 * day,  10 * day};

  ~fixture() override { actor = nullptr; }

  void start() {
    retention_setup setup;
    setup.open_store = [this] { return memory::make_retention_store(db); };
    setup.lease = lease;
    setup.keep = keep;
    setup.interval = 60s;
    setup.surroundings = surroundings;
    setup.log = log;
    setup.meters = &meters;
    setup.fenced = [this] { ++fenced; };
    actor = live(sys.spawn(retention, setup));
    settle();
  }

  int64_t ago(std::chrono::milliseconds time) {
    return surroundings->now - time.count();
  }

  /// An event that was received so long ago.
  void keep_event(std::chrono::milliseconds age) {
    auto ms = ago(age);
    database_event(order_key{ms, 0, static_cast<uint64_t>(ms), 0});
  }
  void database_event(const order_key& key) {
    db->events[key] = {};
    db->event_places[key.where()] = key;
  }
  void evaluated(std::chrono::milliseconds age) {
    db->evaluated.key.received_at_ms = ago(age);
  }
  void keep_letters(size_t count, std::chrono::milliseconds age) {
    for (size_t i = 0; i < count; ++i) {
      dead_letter letter;
      letter.created_at_ms = ago(age);
      db->dead["old" + std::to_string(i)] = letter;
    }
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(retention_tests, fixture)

CAF_TEST(a_day_goes_when_a_sweep_before_found_it_evaluated) {
  keep_event(40 * day);
  keep_event(5 * day);
  evaluated(1h);
  start();
  CAF_CHECK_EQUAL(db->events.size(), 2u); // the first sweep only looks
  pass(61s);
  CAF_CHECK_EQUAL(db->events.size(), 1u);
  CAF_CHECK(logged("event=retention_day_dropped"));
  CAF_CHECK_EQUAL(meters.retention_removed("events").Value(), 1.0);
}

CAF_TEST(evaluation_that_only_now_passed_a_day_may_still_replay_it) {
  keep_event(40 * day);
  evaluated(50 * day);
  start();
  evaluated(1h); // it caught up in between
  pass(61s);
  CAF_CHECK_EQUAL(db->events.size(), 1u);
  CAF_CHECK(logged("event=retention_held"));
  CAF_CHECK_EQUAL(meters.retention().events_held.Value(), 1.0);
  pass(60s);
  CAF_CHECK(db->events.empty());
}

CAF_TEST(a_rule_behind_holds_its_days_for_a_while_and_is_then_overtaken) {
  keep_event(35 * day);
  evaluated(1h);
  db->cursors["slow"] = {"slow", {{ago(36 * day), 0, 0, 0}, 0}, true};
  start();
  pass(121s);
  CAF_CHECK_EQUAL(db->events.size(), 1u);
  surroundings->now += std::chrono::milliseconds(6 * day).count();
  pass(121s);
  CAF_CHECK(db->events.empty());
  CAF_CHECK(logged("event=rule_overtaken rule=slow"));
  CAF_REQUIRE_EQUAL(db->dead_letters().size(), 1u);
  CAF_CHECK_EQUAL(db->dead_letters()[0].kind, "overtaken");
}

CAF_TEST(rows_go_in_bounded_pieces_until_none_is_left) {
  keep_letters(removed_rows_max * 2 + 1, 31 * day);
  start();
  CAF_CHECK(db->dead.empty());
  CAF_CHECK_EQUAL(times_logged("event=retention_removed"), 1u);
  CAF_CHECK_EQUAL(meters.retention_removed("dead_letters").Value(),
                  static_cast<double>(removed_rows_max * 2 + 1));
}

CAF_TEST(what_is_young_stays_until_its_time) {
  keep_letters(1, 30 * day - 30s);
  start();
  CAF_CHECK_EQUAL(db->dead.size(), 1u);
  pass(61s);
  CAF_CHECK(db->dead.empty());
}

CAF_TEST(a_failure_is_said_and_the_next_sweep_tries_again) {
  keep_letters(1, 31 * day);
  break_store("retention_store.remove_rows",
              failure{errc::unavailable, "away"});
  start();
  CAF_CHECK(logged("event=retention_failed"));
  CAF_CHECK_EQUAL(meters.retention().last_sweep.Value(), 0.0);
  CAF_CHECK_EQUAL(db->dead.size(), 1u);
  break_store("retention_store.remove_rows", std::nullopt);
  pass(61s);
  CAF_CHECK(db->dead.empty());
}

CAF_TEST(without_its_lease_it_removes_nothing_more) {
  keep_letters(1, 31 * day);
  steal_lease("evaluation");
  start();
  pass(181s);
  CAF_CHECK_EQUAL(fenced, 1u);
  CAF_CHECK_EQUAL(db->dead.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()

// What every system_store and process_board promises.

#define CAF_SUITE system_store
#include <caf/test/unit_test.hpp>

#include "tests/support/caller.hpp"
#include "tests/support/log_worlds.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

#include <functional>
#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

struct installed {
  backend b;
  std::unique_ptr<system_store> system;

  system_facts look() {
    auto out = system->look();
    if (!out)
      throw std::runtime_error(to_string(out.error()));
    return *out;
  }
};

void on_both(const std::function<void(installed&)>& body) {
  auto db = std::make_shared<memory::database>(real_now_ms);
  installed first{make_backend("memory", db), memory::make_system_store(db)};
  CAF_MESSAGE(first.b.name);
  body(first);
  auto o = options_of(migrated_database());
  installed second{make_backend("postgres", o), postgres::make_system_store(o)};
  CAF_MESSAGE(second.b.name);
  body(second);
}

} // namespace

CAF_TEST(nothing_is_there_at_first) {
  on_both([](installed& i) {
    auto now = i.look();
    CAF_CHECK(now.leases.empty());
    CAF_CHECK(now.partitions.empty());
    CAF_CHECK(now.rules.empty());
    CAF_CHECK(now.evaluated == cursor{});
    CAF_CHECK_EQUAL(now.unevaluated.count, 0u);
    CAF_CHECK(!now.unevaluated.oldest_ms);
    CAF_CHECK_EQUAL(now.deliveries_due.count, 0u);
    CAF_CHECK(!now.server_version.empty());
    CAF_CHECK(std::abs(now.now_ms - real_now_ms()) < 60'000);
  });
}

CAF_TEST(leases_are_shown_with_their_owner_and_whether_they_are_held) {
  on_both([](installed& i) {
    auto token = i.b.lease("p0");
    i.b.lease("evaluation");
    CAF_REQUIRE(i.b.leases->release(token).ok());
    auto now = i.look();
    CAF_REQUIRE_EQUAL(now.leases.size(), 2u);
    CAF_CHECK_EQUAL(now.leases[0].name, "evaluation");
    CAF_CHECK_EQUAL(now.leases[0].owner, "w1");
    CAF_CHECK(now.leases[0].held);
    CAF_CHECK(now.leases[0].expires_at_ms > now.now_ms);
    CAF_CHECK_EQUAL(now.leases[1].name, "p0");
    CAF_CHECK_EQUAL(now.leases[1].epoch, 1);
    CAF_CHECK(!now.leases[1].held);
  });
}

CAF_TEST(events_wait_until_the_cursor_has_passed_them) {
  on_both([](installed& i) {
    std::vector<incoming_event> events;
    for (uint64_t n = 1; n <= 3; ++n)
      events.push_back(
          sample_event({0, day_start_ms + n, 0}, "e" + std::to_string(n)));
    CAF_REQUIRE(
        i.b.events->prepare_days(static_cast<int64_t>(day_start_ms), 1).ok());
    auto kept = i.b.events->persist(sample_request(i.b.lease("p0"), events));
    CAF_REQUIRE(kept.ok());
    auto& stored = kept->batch->events;
    CAF_REQUIRE_EQUAL(stored.size(), 3u);
    auto now = i.look();
    CAF_CHECK_EQUAL(now.unevaluated.count, 3u);
    CAF_CHECK_EQUAL(now.unevaluated.oldest_ms.value_or(0),
                    stored[0].received_at_ms);
    CAF_REQUIRE_EQUAL(now.partitions.size(), 1u);
    CAF_CHECK(now.partitions[0].persisted == events[2].where);
    outcome_commit c;
    c.lease = i.b.lease("evaluation");
    c.global = cursor_move{{}, {stored[1].key(), 7}};
    CAF_REQUIRE(i.b.outcomes->commit(c).ok());
    now = i.look();
    CAF_CHECK(now.evaluated == (cursor{stored[1].key(), 7}));
    CAF_CHECK_EQUAL(now.unevaluated.count, 1u);
    CAF_CHECK_EQUAL(now.unevaluated.oldest_ms.value_or(0),
                    stored[2].received_at_ms);
  });
}

CAF_TEST(deliveries_are_due_or_wait_for_their_next_attempt) {
  on_both([](installed& i) {
    const channel to{"c1", "webhook", "https://x", {"s"}, false, 1, 1};
    CAF_REQUIRE(i.b.channels->put(to, me).ok());
    outcome_commit c;
    c.lease = i.b.lease("evaluation");
    c.worker = "w1";
    for (auto* id : {"d1", "d2", "d3"}) {
      delivery d;
      d.id = id;
      d.alert = "a1";
      d.channel = "c1";
      d.type = "alert.opened";
      d.body = "{}";
      c.deliveries.push_back(d);
    }
    CAF_REQUIRE(i.b.outcomes->commit(c).ok());
    CAF_CHECK_EQUAL(i.look().deliveries_due.count, 3u);
    attempt a;
    a.number = 1;
    a.delivery = "d1";
    attempt_verdict done{delivery_state::delivered, std::nullopt, false};
    attempt_verdict again{delivery_state::pending, real_now_ms() + 3'600'000,
                          false};
    CAF_REQUIRE(i.b.deliveries->record({{a, done}}).ok());
    a.delivery = "d2";
    CAF_REQUIRE(i.b.deliveries->record({{a, again}}).ok());
    auto now = i.look();
    CAF_CHECK_EQUAL(now.deliveries_due.count, 1u);
    CAF_CHECK_EQUAL(now.deliveries_later, 1u);
    CAF_REQUIRE(now.deliveries_due.oldest_ms.has_value());
    CAF_CHECK(*now.deliveries_due.oldest_ms <= now.now_ms);
    auto due = i.system->look_at_deliveries();
    CAF_REQUIRE(due.ok());
    CAF_CHECK_EQUAL(due->count, 1u);
  });
}

CAF_TEST(rules_are_counted_by_state) {
  on_both([](installed& i) {
    for (auto* id : {"a", "b", "gone"})
      CAF_REQUIRE(i.b.rules->publish({id, "{}", me, 0, {}}).ok());
    outcome_commit c;
    c.lease = i.b.lease("evaluation");
    rule_status s;
    s.rule = "a";
    s.state = rule_state::degraded;
    c.statuses = {s};
    CAF_REQUIRE(i.b.outcomes->commit(c).ok());
    CAF_REQUIRE(i.b.rules->remove("gone", me, std::nullopt).ok());
    auto now = i.look();
    CAF_CHECK_EQUAL(now.rules.size(), 2u);
    CAF_CHECK_EQUAL(now.rules["degraded"], 1u);
    CAF_CHECK_EQUAL(now.rules["pending"], 1u);
  });
}

// --- the board ---------------------------------------------------------------

CAF_TEST(reports_of_all_processes_are_found_until_they_are_over) {
  auto body = [](std::unique_ptr<process_board> board) {
    auto none = board->list();
    CAF_REQUIRE(none.ok());
    CAF_CHECK(none->empty());
    const std::string odd = "{\"a\":\"|é\\n\"}";
    CAF_REQUIRE(board->publish("one", "{}", 1min).ok());
    CAF_REQUIRE(board->publish("one", odd, 1min).ok());
    CAF_REQUIRE(board->publish("two", "2", 1min).ok());
    CAF_REQUIRE(board->publish("short", "3", 1ms).ok());
    CAF_CHECK(eventually([&] { return board->list()->size() == 2; }, 10s));
    auto all = *board->list();
    CAF_CHECK_EQUAL(all["one"], odd);
    CAF_CHECK_EQUAL(all["two"], "2");
    CAF_REQUIRE(board->withdraw("one").ok());
    CAF_REQUIRE(board->withdraw("unknown").ok());
    CAF_CHECK_EQUAL(board->list()->size(), 1u);
    CAF_REQUIRE(board->publish("two", "2", 1min).ok()); // clears what is over
  };
  body(memory::make_process_board(std::make_shared<memory::stream_server>()));
  redis::options o;
  o.url = redis_world::server().url();
  o.prefix = "board";
  body(redis::make_process_board(o));
  auto left = redis_world::server().command({"HKEYS", "board:processes"});
  CAF_CHECK_EQUAL(redis::reply_view{left}.size(), 1u); // what is over is gone
  auto ends = redis_world::server().command({"PTTL", "board:processes"});
  CAF_CHECK(redis::reply_view{ends}.number() > 0); // and so will the rest be
}

// --- what the stream tells of itself -----------------------------------------

CAF_TEST(the_oldest_unacknowledged_entry_ages) {
  in_both_worlds({}, [](log_world& w) {
    CAF_MESSAGE(w.name());
    auto log = w.partition(0, 1);
    CAF_REQUIRE(log->open({0, 0, 0}).ok());
    CAF_CHECK(log->housekeeping()->oldest_age == 0ms);
    add(*w.appender(), 0, 1, 2);
    CAF_CHECK(
        eventually([&] { return log->housekeeping()->oldest_age > 0ms; }, 10s));
    auto read = log->read(10); // pending now instead of unread
    CAF_CHECK(log->housekeeping()->oldest_age > 0ms);
    CAF_REQUIRE(log->acknowledge(places(read->entries)).ok());
    CAF_CHECK(log->housekeeping()->oldest_age == 0ms);
  });
}

CAF_TEST(entries_of_a_lost_consumer_are_counted_as_reclaimed) {
  in_both_worlds({}, [](log_world& w) {
    CAF_MESSAGE(w.name());
    auto first = w.partition(0, 1);
    CAF_REQUIRE(first->open({0, 0, 0}).ok());
    add(*w.appender(), 0, 1, 3);
    auto read = first->read(10);
    CAF_CHECK_EQUAL(read->reclaimed, 0u);
    CAF_REQUIRE(first->open({0, 0, 0}).ok()); // the same consumer again
    CAF_CHECK_EQUAL(first->read(10)->reclaimed, 0u);
    auto second = w.partition(0, 2);
    CAF_REQUIRE(second->open({0, 0, 0}).ok());
    auto taken = second->read(10);
    CAF_CHECK_EQUAL(taken->entries.size(), 3u);
    CAF_CHECK_EQUAL(taken->reclaimed, 3u);
  });
}

#define CAF_SUITE live_log
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/postgres/live_log.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

namespace eventpulse {

/// Without the time, which is the server's. Found by the transcripts' render.
std::string render(const live_change& c) {
  return test::render(c.number) + " " + std::string{to_string(c.topic)} + " " +
         c.type + " " + c.about + " " +
         (c.after ? test::render(*c.after) : c.body);
}

std::string render(const live_event& e) {
  return test::render(e.what);
}

} // namespace eventpulse

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

struct live_backend : backend {
  std::unique_ptr<live_log> live;
};

/// As EP_SAME_ANSWERS, with the feed's logs.
void same_answers(const std::function<void(live_backend&)>& body) {
  auto db = std::make_shared<memory::database>(real_now_ms);
  live_backend memory{make_backend("memory", db), memory::make_live_log(db)};
  body(memory);
  auto o = options_of(migrated_database());
  live_backend postgres{make_backend("postgres", o),
                        postgres::make_live_log(o)};
  body(postgres);
  CAF_CHECK_EQUAL(memory.transcript, postgres.transcript);
  CAF_CHECK(!memory.transcript.empty());
}

alert sample_alert(const std::string& id, alert_state state) {
  alert a;
  a.id = id;
  a.rule = "r1";
  a.rule_version = 3;
  a.severity = severity::critical;
  a.state = state;
  a.group_json = R"(["a",  1.0])";
  a.summary = "it is \"hot\", {really} \\";
  a.values_json = R"({"avg": 1.50})";
  a.count = 7;
  a.opened_at_ms = 1'000;
  a.last_seen_ms = 2'000;
  a.labels = {{"z", "1"}, {"a", "2"}};
  a.events = {{"s", "1"}, {"s", "2"}};
  if (state == alert_state::resolved)
    a.resolved_at_ms = 3'000;
  return a;
}

alert_change change(alert_change::kind what, alert a) {
  return {what, std::move(a), {}};
}

delivery sample_delivery(const std::string& id) {
  return {id, "a1", "c1", "alert.opened", "{}", delivery_state::pending, 0,
          42, "",   ""};
}

position at(uint64_t offset, uint64_t seq = 0) {
  return {0, day_start_ms + offset, seq};
}

void say_changes(live_backend& b, int64_t after = 0, size_t limit = 100) {
  auto page = b.live->changes(after, limit);
  b.say("changes", page ? result<std::vector<live_change>>{page->changes}
                        : result<std::vector<live_change>>{page.error()});
  b.say("more", page && page->more);
}

} // namespace

CAF_TEST(what_was_committed_is_logged_once_and_in_order) {
  same_answers([](live_backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    using kind = alert_change::kind;
    c.changes = {
        change(kind::opened, sample_alert("a1", alert_state::firing)),
        change(kind::opened, sample_alert("a2", alert_state::firing)),
        change(kind::opened, sample_alert("a0", alert_state::firing)),
        change(kind::resolved, sample_alert("a2", alert_state::resolved))};
    c.deliveries = {sample_delivery("d1")};
    c.statuses = {{"r1", 3, rule_state::active, "w1", "", 1, 2, 3}};
    b.say("commit", b.outcomes->commit(c));
    say_changes(b);
    // Nothing that anybody is told changes by a repetition or by counts.
    c.changes = {
        change(kind::updated, sample_alert("a1", alert_state::firing))};
    c.statuses = {{"r1", 3, rule_state::active, "w1", "", 9, 9, 9}};
    b.say("again", b.outcomes->commit(c));
    c.changes = {
        change(kind::resolved, sample_alert("a1", alert_state::resolved))};
    c.statuses = {{"r1", 3, rule_state::degraded, "w1", "broken", 9, 9, 9}};
    placed_action acknowledged{{9, 0, 9, 1}, {}};
    acknowledged.what.alert = "a1";
    acknowledged.what.by = "ann";
    c.acknowledged = {acknowledged, acknowledged};
    b.say("resolve", b.outcomes->commit(c));
    say_changes(b, 5);
    auto told = b.live->changes(5, 100);
    CAF_REQUIRE(told);
    size_t taken = 0;
    for (auto& one : told->changes)
      taken += one.type == "alert.acknowledged";
    CAF_CHECK_EQUAL(taken, 1u);
  });
}

CAF_TEST(what_was_rolled_back_is_not_logged) {
  same_answers([](live_backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    c.lease.epoch += 1; // fenced
    c.changes = {change(alert_change::kind::opened,
                        sample_alert("a1", alert_state::firing))};
    b.say("fenced", b.outcomes->commit(c));
    say_changes(b, 1);
  });
}

CAF_TEST(deliveries_rules_and_channels_are_logged) {
  const caller ann{"k-2", "ann", {}, {}};
  same_answers([ann](live_backend& b) {
    CAF_CHECK(
        b.channels->put({"c1", "webhook", "http://a/", {}, false, 1, 1}, me)
            .ok());
    outcome_commit c;
    c.lease = b.lease("evaluation");
    c.worker = "w1";
    c.deliveries = {sample_delivery("d1"), sample_delivery("d2")};
    b.say("commit", b.outcomes->commit(c));
    CAF_CHECK(b.deliveries->take({"d1", "d2"}, "w1", 60s).ok());
    const auto attempt_of = [](const std::string& id, uint32_t number,
                               delivery_state state) {
      recorded_attempt a;
      a.what.delivery = id;
      a.what.number = number;
      a.what.started_at_ms = 1'000 + number;
      a.verdict.state = state;
      return a;
    };
    b.say("record",
          b.deliveries->record({attempt_of("d1", 1, delivery_state::delivered),
                                attempt_of("d2", 1, delivery_state::pending)}));
    auto gone = attempt_of("d2", 2, delivery_state::failed);
    gone.verdict.disable_channel = true;
    b.say("gone", b.deliveries->record({gone}));
    say_changes(b);
    CAF_CHECK(b.rules->publish({"r1", R"({"id":"r1"})", ann, {}, {}}).ok());
    CAF_CHECK(b.rules->remove("r1", ann, {}).ok());
    auto page = b.live->changes(7, 10);
    for (auto& one : page->changes) // their times are the server's
      b.say(one.type, one.about);
  });
}

CAF_TEST(changes_come_in_pages_and_the_oldest_are_dropped) {
  same_answers([](live_backend& b) {
    outcome_commit c;
    c.lease = b.lease("evaluation");
    for (int i = 1; i < 10; ++i) {
      c.statuses = {{"r1", i, rule_state::active, "w1", "", 1, 2, 3}};
      CAF_CHECK(b.outcomes->commit(c).ok());
    }
    say_changes(b, 0, 4);
    say_changes(b, 4, 6);
    b.say("nothing is old", b.live->trim(1h, 100, 100));
    b.say("a piece", b.live->trim(1h, 3, 4));
    b.say("trimmed", b.live->bounds()->changes_trimmed);
    say_changes(b, 0, 2);
    b.say("the rest", b.live->trim(1h, 3, 100));
    b.say("nothing", b.live->trim(1h, 3, 100));
    b.say("trimmed", b.live->bounds()->changes_trimmed);
    b.say("end", b.live->bounds()->now.change);
    b.say("all", b.live->trim(-1h, 100, 100));
    b.say("end", b.live->bounds()->now.change);
    b.say("trimmed", b.live->bounds()->changes_trimmed);
  });
}

CAF_TEST(events_are_read_in_order_from_where_one_stood) {
  same_answers([](live_backend& b) {
    auto lease = b.lease("p0");
    CAF_CHECK(b.events->load_partition(0).ok());
    auto none = b.live->events({}, 10, 1000);
    b.say("none", none->events);
    std::vector<incoming_event> all;
    for (uint64_t i = 0; i < 6; ++i)
      all.push_back(sample_event(at(i / 2, i), "e" + std::to_string(i)));
    b.say("persist", b.events->persist(sample_request(lease, all)));
    b.say("end", b.live->bounds()->now.event);
    auto first = b.live->events({}, 4, 1 << 20);
    b.say("first", first->events);
    b.say("more", first->more);
    auto rest = b.live->events(first->events.back().what.key(), 10, 1 << 20);
    b.say("rest", rest->events);
    b.say("more", rest->more);
    // 18 bytes a payload: the one that passes the bound still comes.
    auto small = b.live->events({}, 10, 20);
    b.say("small", small->events);
    b.say("more", small->more);
  });
}

CAF_TEST(an_event_waits_for_the_clocks_of_all_partitions) {
  const auto body = [](const std::string& name, event_store& events,
                       lease_store& leases, live_log& live) {
    const auto lease_of = [&](const std::string& of) {
      return leases.acquire(of, "w1", 60s)->value();
    };
    const auto p0 = lease_of("p0");
    const auto p1 = lease_of("p1");
    CAF_CHECK(events.load_partition(0).ok());
    CAF_CHECK(events.load_partition(1).ok());
    auto in_p0 =
        sample_request(p0, {sample_event({0, day_start_ms + 5, 0}, "five"),
                            sample_event({0, day_start_ms + 9, 0}, "nine")});
    CAF_CHECK(events.persist(in_p0).ok());
    const auto ids = [&] {
      std::string out;
      const auto page = live.events({}, 10, 1 << 20);
      for (auto& e : page->events)
        out += e.what.document.id + " ";
      return out;
    };
    CAF_CHECK_EQUAL(name + ids(), name);
    auto in_p1 =
        sample_request(p1, {sample_event({1, day_start_ms + 7, 0}, "seven")});
    in_p1.partition = 1;
    CAF_CHECK(events.persist(in_p1).ok());
    CAF_CHECK_EQUAL(name + ids(), name + "five seven ");
    // Whoever begins now gets all that comes from now on.
    const auto now = live.bounds()->now;
    persist_request clock;
    clock.lease = p1;
    clock.partition = 1;
    clock.time_ms = static_cast<int64_t>(day_start_ms) + 9;
    CAF_CHECK(events.persist(clock).ok());
    // At the same time partition 0 comes first.
    CAF_CHECK_EQUAL(name + ids(), name + "five seven nine ");
    auto from_now = live.events(now.event, 10, 1 << 20);
    CAF_CHECK_EQUAL(from_now->events.back().what.document.id, "nine");
  };
  auto db = std::make_shared<memory::database>(real_now_ms);
  body("memory ", *memory::make_event_store(db), *memory::make_lease_store(db),
       *memory::make_live_log(db, 2));
  auto o = options_of(migrated_database());
  body("postgres ", *postgres::make_event_store(o),
       *postgres::make_lease_store(o), *postgres::make_live_log(o, 2));
}

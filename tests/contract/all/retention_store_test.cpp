#define CAF_SUITE retention_store
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/memory/memory_retention_store.hpp"
#include "runtime/adapters/postgres/retention_store.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

constexpr auto t0 = day_start_ms + 1'000;
constexpr int64_t day_ms = 86'400'000;
constexpr auto day = static_cast<int64_t>(day_start_ms) / day_ms;
constexpr auto far_ahead = static_cast<int64_t>(day_start_ms) + 50 * day_ms;

/// A backend with the store that is tested, on the same tables.
struct world : backend {
  explicit world(const postgres::options& o)
      : backend(make_backend("postgres", o)),
        retention(postgres::make_retention_store(o)) {}
  explicit world(const memory::database_ptr& d)
      : backend(make_backend("memory", d)),
        retention(memory::make_retention_store(d)) {}

  std::unique_ptr<retention_store> retention;
};

void same_answers(const std::function<void(world&)>& body) {
  world memory{std::make_shared<memory::database>(real_now_ms)};
  body(memory);
  world postgres{options_of(migrated_database())};
  body(postgres);
  CAF_CHECK_EQUAL(memory.transcript, postgres.transcript);
  CAF_CHECK(!memory.transcript.empty());
}

std::string render(const result<day_sweep>& r) {
  if (!r)
    return "failure " + std::string{reason(r.error().code)};
  std::string out;
  if (r->dropped)
    out += "dropped " + std::to_string(*r->dropped - day);
  if (r->held)
    out += "held " + std::to_string(*r->held - day);
  for (auto& rule : r->overtaken)
    out += ", overtaken " + rule;
  return out.empty() ? "nothing" : out;
}

/// An event on each of the first three days.
void keep_three_days(backend& b) {
  auto done = b.events->persist(sample_request(
      b.lease("p0"),
      {sample_event({0, t0, 0}, "a"), sample_event({0, t0 + day_ms, 0}, "b"),
       sample_event({0, t0 + 2 * day_ms, 0}, "c")}));
  if (!done)
    throw std::runtime_error(to_string(done.error()));
}

cursor at(uint64_t ms) {
  return {{static_cast<int64_t>(ms), 0, ms, 0}, 0};
}

void evaluate(backend& b, const lease_token& lease, const cursor& from,
              const cursor& to, std::vector<rule_cursor> rules = {}) {
  outcome_commit c;
  c.lease = lease;
  c.global = cursor_move{from, to};
  c.rules = std::move(rules);
  if (auto done = b.outcomes->commit(c); !done)
    throw std::runtime_error(to_string(done.error()));
}

std::string ids(backend& b) {
  std::string out;
  auto page = b.events->read_back({}, std::nullopt, 100);
  for (auto& e : page->batch->events)
    out += e.document.id;
  return out;
}

alert sample_alert(const std::string& id, int64_t opened_at_ms,
                   std::optional<int64_t> resolved_at_ms) {
  alert a;
  a.id = id;
  a.rule = "r";
  a.group_json = "[]";
  a.values_json = "{}";
  a.opened_at_ms = opened_at_ms;
  a.state = resolved_at_ms ? alert_state::resolved : alert_state::firing;
  a.resolved_at_ms = resolved_at_ms;
  return a;
}

delivery sample_delivery(const std::string& id, const std::string& alert,
                         int64_t created_at_ms) {
  return {id,   alert,
          "c",  "alert.opened",
          "{}", delivery_state::pending,
          0,    created_at_ms,
          "",   ""};
}

void conclude(backend& b, const std::string& id, uint32_t number,
              int64_t started_at_ms, delivery_state state) {
  recorded_attempt one;
  one.what.delivery = id;
  one.what.number = number;
  one.what.started_at_ms = started_at_ms;
  one.verdict.state = state;
  if (state == delivery_state::pending)
    one.verdict.next_attempt_at_ms = far_ahead;
  if (auto done = b.deliveries->record({one}); !done)
    throw std::runtime_error(to_string(done.error()));
}

std::string alerts(backend& b) {
  std::string out;
  auto found = b.outcomes->query({});
  for (auto& a : *found)
    out += a.id + ' ';
  return out;
}

std::string deliveries(backend& b) {
  std::string out;
  auto found = b.deliveries->query({});
  for (auto& d : *found)
    out += d.what.id + '/' + std::to_string(d.attempts.size()) + ' ';
  return out;
}

} // namespace

CAF_TEST(days_go_oldest_first_and_no_younger_ones) {
  same_answers([](world& b) {
    keep_three_days(b);
    auto lease = b.lease("evaluation");
    evaluate(b, lease, {}, at(t0 + 2 * day_ms));
    auto before = static_cast<int64_t>(day_start_ms) + 2 * day_ms;
    b.transcript +=
        render(b.retention->drop_day(lease, before - 1, far_ahead)) + '\n';
    b.transcript +=
        render(b.retention->drop_day(lease, before, far_ahead)) + '\n';
    b.transcript +=
        render(b.retention->drop_day(lease, before, far_ahead)) + '\n';
    b.say("left", ids(b));
    CAF_CHECK_EQUAL(b.transcript, "dropped 0\ndropped 1\nnothing\n"
                                  "left: \"c\"\n");
  });
}

CAF_TEST(a_day_stays_until_evaluation_is_past_it) {
  same_answers([](world& b) {
    keep_three_days(b);
    auto lease = b.lease("evaluation");
    auto drop = [&](int64_t reached) {
      b.transcript +=
          render(b.retention->drop_day(lease, far_ahead, reached)) + '\n';
    };
    drop(far_ahead); // nothing was evaluated
    evaluate(b, lease, {}, at(t0));
    drop(far_ahead); // others of the same millisecond may come
    evaluate(b, lease, at(t0), at(t0 + 1));
    drop(static_cast<int64_t>(t0)); // what the caller knows counts too
    drop(static_cast<int64_t>(t0) + 1);
    CAF_CHECK_EQUAL(b.transcript, "held 0\nheld 0\nheld 0\ndropped 0\n");
    b.say("left", ids(b));
  });
}

CAF_TEST(a_rule_that_misses_a_day_is_told) {
  same_answers([](world& b) {
    keep_three_days(b);
    auto lease = b.lease("evaluation");
    evaluate(b, lease, {}, at(t0 + 9 * day_ms),
             {{"behind", at(t0 - 1), true},
              {"level", at(t0 - 1), false},
              {"enough", at(t0 + 5), true}});
    auto reach = b.retention->reach();
    CAF_REQUIRE(reach);
    b.say("level", reach->level_ms);
    for (auto& [rule, at_ms] : reach->behind)
      b.say(rule, at_ms);
    auto dropped = render(b.retention->drop_day(lease, far_ahead, far_ahead));
    CAF_CHECK_EQUAL(dropped, "dropped 0, overtaken behind");
    b.say("dropped", dropped);
    auto letters =
        b.retention->remove_rows(lease, kept_rows::dead_letters,
                                 std::numeric_limits<int64_t>::max(), 10);
    CAF_REQUIRE(letters);
    CAF_CHECK_EQUAL(*letters, 1u); // the gap is on record
  });
}

CAF_TEST(resolved_alerts_go_by_when_they_were) {
  same_answers([](world& b) {
    auto lease = b.lease("evaluation");
    outcome_commit c;
    c.lease = lease;
    for (auto& a : {sample_alert("open", 1, {}), sample_alert("old", 2, 10),
                    sample_alert("older", 1, 9), sample_alert("young", 3, 11),
                    sample_alert("awaited", 1, 2)})
      c.changes.push_back({alert_change::kind::resolved, a, {}});
    c.deliveries = {sample_delivery("d", "awaited", 1)};
    b.say("commit", b.outcomes->commit(c));
    auto remove = [&](size_t limit) {
      b.say("removed",
            b.retention->remove_rows(lease, kept_rows::alerts, 11, limit));
      b.say("left", alerts(b));
    };
    remove(1);
    remove(10);
    CAF_CHECK(alerts(b).find("old") == std::string::npos);
    for (auto* id : {"open", "young", "awaited"})
      CAF_CHECK(alerts(b).find(id) != std::string::npos);
    conclude(b, "d", 1, 1, delivery_state::failed);
    remove(10);
    CAF_CHECK(alerts(b).find("awaited") == std::string::npos);
  });
}

CAF_TEST(deliveries_stay_while_they_are_pending_or_their_alert_is_open) {
  same_answers([](world& b) {
    auto lease = b.lease("evaluation");
    outcome_commit c;
    c.lease = lease;
    c.changes = {
        {alert_change::kind::opened, sample_alert("open", 1, {}), {}},
        {alert_change::kind::resolved, sample_alert("done", 1, 2), {}}};
    c.deliveries = {sample_delivery("of-open", "open", 1),
                    sample_delivery("of-done", "done", 1),
                    sample_delivery("of-nobody", "gone", 2),
                    sample_delivery("young", "done", 10),
                    sample_delivery("pending", "done", 1)};
    b.say("commit", b.outcomes->commit(c));
    for (auto* id : {"of-open", "of-done", "of-nobody", "young"}) {
      conclude(b, id, 1, 5, delivery_state::pending);
      conclude(b, id, 2, 10, delivery_state::delivered);
    }
    conclude(b, "pending", 1, 5, delivery_state::pending);
    b.say("attempts",
          b.retention->remove_rows(lease, kept_rows::attempts, 10, 100));
    b.say("left", deliveries(b));
    CAF_CHECK(deliveries(b).find("young/1") != std::string::npos);
    CAF_CHECK(deliveries(b).find("pending/1") != std::string::npos);
    b.say("deliveries",
          b.retention->remove_rows(lease, kept_rows::deliveries, 10, 100));
    b.say("left", deliveries(b));
    CAF_CHECK(deliveries(b).find("of-done") == std::string::npos);
    CAF_CHECK(deliveries(b).find("of-nobody") == std::string::npos);
    CAF_CHECK(deliveries(b).find("of-open/1") != std::string::npos);
  });
}

CAF_TEST(a_stale_owner_removes_nothing) {
  same_answers([](world& b) {
    keep_three_days(b);
    auto lease = b.lease("evaluation");
    evaluate(b, lease, {}, at(t0 + 9 * day_ms));
    lease_token stale{"evaluation", lease.epoch + 1};
    CAF_CHECK_EQUAL(render(b.retention->drop_day(stale, far_ahead, far_ahead)),
                    "failure fenced");
    b.say("rows", b.retention->remove_rows(stale, kept_rows::alerts, 1, 1));
    b.say("left", ids(b));
  });
}

CAF_TEST(old_audit_rows_go) {
  auto url = migrated_database();
  world b{options_of(url)};
  auto lease = b.lease("evaluation");
  pqxx::connection link{url};
  {
    pqxx::work tx{link};
    tx.exec("INSERT INTO audit (at, who, action, target) VALUES"
            " (to_timestamp(1), 'a', 'b', 'c'), (now(), 'a', 'b', 'c')");
    tx.commit();
  }
  auto removed = b.retention->remove_rows(lease, kept_rows::audit, 2000, 10);
  CAF_REQUIRE(removed);
  CAF_CHECK_EQUAL(*removed, 1u);
}

CAF_TEST(a_reader_in_the_way_is_waited_for_only_a_moment) {
  auto url = migrated_database();
  world b{options_of(url)};
  keep_three_days(b);
  auto lease = b.lease("evaluation");
  evaluate(b, lease, {}, at(t0 + 9 * day_ms));
  pqxx::connection link{url};
  {
    pqxx::work reading{link};
    reading.exec("SELECT count(*) FROM events");
    CAF_CHECK_EQUAL(render(b.retention->drop_day(lease, far_ahead, far_ahead)),
                    "failure timed_out");
  }
  CAF_CHECK_EQUAL(ids(b), "abc");
  CAF_CHECK_EQUAL(render(b.retention->drop_day(lease, far_ahead, far_ahead)),
                  "dropped 0");
}

#define CAF_SUITE postgres_lease
#include <caf/test/unit_test.hpp>

#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

#include <future>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t t0 = day_start_ms + 1000;

struct fixture {
  std::string url = migrated_database();
  postgres::options o = options_of(url);
  std::unique_ptr<lease_store> leases;
  std::unique_ptr<event_store> events = postgres::make_event_store(o);

  fixture() {
    o.takeover_lock_timeout = 200ms;
    leases = postgres::make_lease_store(o);
  }

  lease_token take(const std::string& owner) {
    auto taken = leases->acquire("p0", owner, 1min);
    CAF_REQUIRE(taken);
    CAF_REQUIRE(*taken);
    return **taken;
  }

  /// The lease has run out, whoever held it.
  void expire() {
    pqxx::connection link{url};
    pqxx::work tx{link};
    tx.exec("UPDATE lease SET expires_at = clock_timestamp()");
    tx.commit();
  }

  int64_t count(const std::string& sql) {
    pqxx::connection link{url};
    pqxx::work tx{link};
    return tx.exec(sql)[0][0].as<int64_t>();
  }
};

/// A worker that was stopped in the middle of a fenced transaction.
struct stopped_worker {
  pqxx::connection link;
  pqxx::work tx;

  stopped_worker(const std::string& url, const lease_token& lease)
      : link(url + " application_name=eventpulse/" + lease.name + "/" +
             std::to_string(lease.epoch)),
        tx(link) {
    tx.exec("SELECT 1 FROM lease WHERE name = 'p0' FOR KEY SHARE");
    tx.exec("INSERT INTO dead_letter (id, identity, kind, reason, original,"
            " headers, created_at_ms) VALUES ('d', 'd', 'row', '', '', '{}',"
            " 1)");
  }
};

template <class Action> bool throws(Action action) {
  try {
    action();
    return false;
  } catch (const std::exception&) {
    return true;
  }
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(postgres_lease_tests, fixture)

CAF_TEST(a_stale_owners_persist_is_refused_after_take_over) {
  auto old = take("w1");
  CAF_REQUIRE(events->persist(
      sample_request(old, {sample_event({0, t0, 0}, "before")})));
  expire();
  auto present = take("w2");
  CAF_CHECK_EQUAL(present.epoch, old.epoch + 1);
  auto refused = events->persist(
      sample_request(old, {sample_event({0, t0 + 1, 0}, "stale")}));
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().code == errc::fenced);
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM events"), 1);
}

CAF_TEST(take_over_ends_a_session_that_was_stopped_inside_a_transaction) {
  auto old = take("w1");
  stopped_worker worker{url, old};
  expire();
  auto present = take("w2");
  CAF_CHECK_EQUAL(present.epoch, old.epoch + 1);
  // It wakes up, and finds itself gone.
  CAF_CHECK(throws([&] { worker.tx.commit(); }));
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM dead_letter"), 0);
  CAF_REQUIRE(events->persist(
      sample_request(present, {sample_event({0, t0, 0}, "after")})));
}

CAF_TEST(take_over_ends_a_session_that_was_stopped_inside_a_copy) {
  auto old = take("w1");
  pqxx::connection link{url + " application_name=eventpulse/p0/1"};
  {
    pqxx::work tx{link};
    tx.exec("SELECT 1 FROM lease WHERE name = 'p0' FOR KEY SHARE");
    // The server waits for rows that do not come.
#if PQXX_VERSION_MAJOR >= 7
    auto copy = pqxx::stream_to::raw_table(tx, "audit", "who, action, target");
#else
    pqxx::stream_to copy(tx, "audit",
                         std::vector<std::string>{"who", "action", "target"});
#endif
    expire();
    CAF_CHECK_EQUAL(take("w2").epoch, old.epoch + 1);
    CAF_CHECK(throws([&] { copy.complete(); }));
  }
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM audit"), 0);
}

CAF_TEST(take_over_waits_for_a_writer_that_commits_in_time) {
  auto old = take("w1");
  o.takeover_lock_timeout = 20s;
  auto patient = postgres::make_lease_store(o);
  stopped_worker worker{url, old};
  expire();
  auto taken = std::async(std::launch::async,
                          [&] { return patient->acquire("p0", "w2", 1min); });
  CAF_REQUIRE(eventually([&] {
    return count("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0;
  }));
  worker.tx.commit();
  auto token = taken.get();
  CAF_REQUIRE(token);
  CAF_CHECK(token->has_value());
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM dead_letter"), 1);
}

CAF_TEST(a_renewal_does_not_wait_for_writers) {
  auto held = take("w1");
  stopped_worker worker{url, held};
  CAF_CHECK(leases->renew(held, 1min));
  worker.tx.commit();
}

CAF_TEST(sessions_are_named_after_the_lease_they_serve) {
  auto held = take("w1");
  CAF_REQUIRE(events->persist(sample_request(held, {})));
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM pg_stat_activity"
                        " WHERE datname = current_database()"
                        " AND application_name = 'eventpulse/p0/1'"),
                  1);
}

CAF_TEST(another_leases_sessions_are_left_alone) {
  auto old = take("w1");
  auto other = leases->acquire("p1", "w1", 1min);
  CAF_REQUIRE(other);
  persist_request of_p1;
  of_p1.lease = **other;
  of_p1.partition = 1;
  CAF_REQUIRE(events->persist(of_p1));
  stopped_worker worker{url, old};
  expire();
  take("w2");
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM pg_stat_activity"
                        " WHERE datname = current_database()"
                        " AND application_name = 'eventpulse/p1/1'"),
                  1);
}

CAF_TEST_FIXTURE_SCOPE_END()

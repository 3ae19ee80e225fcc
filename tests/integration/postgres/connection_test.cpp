#define CAF_SUITE postgres_connection
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/postgres/fault.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t t0 = day_start_ms + 1000;

void run(const std::string& url, const std::string& sql) {
  pqxx::connection link{url};
  pqxx::work tx{link};
  tx.exec(sql);
  tx.commit();
}

void end_all_sessions(const std::string& url) {
  run(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
           " WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

} // namespace

CAF_TEST(sqlstates_mean_what_the_caller_can_do) {
  using postgres::meaning_of;
  for (auto* state : {"22P02", "22021", "23505", "23514", "54000", "54001"})
    CAF_CHECK(meaning_of(state) == errc::rejected);
  for (auto* state : {"57014", "55P03"})
    CAF_CHECK(meaning_of(state) == errc::timed_out);
  for (auto* state : {"57P01", "08006", "25P03", "25006", "40001", "40P01",
                      "53100", "53300", "58030", "55006"})
    CAF_CHECK(meaning_of(state) == errc::unavailable);
  for (auto* state : {"42P01", "XX000", "0A000"})
    CAF_CHECK(meaning_of(state) == errc::internal);
}

CAF_TEST(a_session_that_was_ended_while_idle_is_replaced_unnoticed) {
  auto url = migrated_database();
  auto store = postgres::make_event_store(options_of(url));
  CAF_REQUIRE(store->load_partition(0));
  end_all_sessions(url);
  // Prepared statements are prepared again on the new one.
  CAF_CHECK(store->load_partition(0));
  end_all_sessions(url);
  CAF_CHECK(store->query({}));
}

CAF_TEST(a_server_that_crashed_is_used_again_when_it_is_back) {
  private_postgres server;
  auto url = server.new_database();
  CAF_REQUIRE(postgres::migrate(url));
  auto o = options_of(url);
  o.back_off_min = 10ms;
  o.back_off_max = 50ms;
  auto b = make_backend("postgres", o);
  auto lease = b.lease("p0");
  auto request = sample_request(lease, {sample_event({0, t0, 0}, "a")});
  CAF_REQUIRE(b.events->persist(request));
  server.crash();
  auto away = b.events->persist(request);
  CAF_REQUIRE(!away);
  CAF_CHECK(retryable(away.error().code));
  server.restart();
  std::optional<persist_outcome> back;
  CAF_REQUIRE(eventually([&] {
    auto done = b.events->persist(request);
    if (done)
      back = *done;
    return done.ok();
  }));
  CAF_CHECK_EQUAL(back->inserted, 0u);
  CAF_CHECK_EQUAL(back->batch->events.size(), 1u);
}

CAF_TEST(a_server_that_is_away_is_not_tried_at_every_call) {
  postgres::options o;
  o.url = "host=/nowhere dbname=x";
  o.back_off_min = 1h;
  o.back_off_max = 1h;
  auto store = postgres::make_event_store(o);
  auto first = store->load_partition(0);
  CAF_REQUIRE(!first);
  CAF_CHECK(first.error().code == errc::unavailable);
  auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    auto again = store->load_partition(0);
    CAF_REQUIRE(!again);
    CAF_REQUIRE(again.error() == first.error());
  }
  CAF_CHECK(std::chrono::steady_clock::now() - began < 1s);
}

CAF_TEST(waiting_for_a_lock_ends_as_timed_out_with_nothing_done) {
  auto url = migrated_database();
  auto o = options_of(url);
  o.lock_timeout = 50ms;
  auto b = make_backend("postgres", o);
  auto lease = b.lease("p0");
  auto request = sample_request(lease, {sample_event({0, t0, 0}, "a")});
  CAF_REQUIRE(b.events->load_partition(0));
  {
    pqxx::connection link{url};
    pqxx::work tx{link};
    tx.exec("SELECT 1 FROM partition FOR UPDATE");
    auto late = b.events->persist(request);
    CAF_REQUIRE(!late);
    CAF_CHECK(late.error().code == errc::timed_out);
  }
  auto done = b.events->persist(request);
  CAF_REQUIRE(done);
  CAF_CHECK_EQUAL(done->inserted, 1u);
}

CAF_TEST(a_slow_statement_ends_as_timed_out) {
  auto url = migrated_database();
  auto o = options_of(url);
  o.statement_timeout = 50ms;
  auto store = postgres::make_event_store(o);
  CAF_REQUIRE(store->load_partition(0));
  pqxx::connection link{url};
  pqxx::work tx{link};
  tx.exec("LOCK TABLE partition");
  auto late = store->load_partition(0);
  CAF_REQUIRE(!late);
  CAF_CHECK(late.error().code == errc::timed_out);
}

CAF_TEST(a_database_without_a_schema_is_an_internal_fault) {
  auto store =
      postgres::make_event_store(options_of(shared_postgres().new_database()));
  auto failed = store->load_partition(0);
  CAF_REQUIRE(!failed);
  CAF_CHECK(failed.error().code == errc::internal);
}

CAF_TEST(a_stored_value_that_cannot_be_read_is_corrupt) {
  auto url = migrated_database();
  auto b = make_backend("postgres", options_of(url));
  outcome_commit c;
  c.lease = b.lease("evaluation");
  alert a;
  a.id = "a1";
  c.changes = {{alert_change::kind::opened, a, {}}};
  CAF_REQUIRE(b.outcomes->commit(c));
  run(url, "UPDATE alert SET state = 'on fire'");
  auto failed = b.outcomes->query({});
  CAF_REQUIRE(!failed);
  CAF_CHECK(failed.error().code == errc::corrupt);
}

CAF_TEST(both_forms_of_a_connection_string_work) {
  auto words = migrated_database();
  auto at = words.find("host=") + 5;
  auto host = words.substr(at, words.find(' ') - at);
  auto name = words.substr(words.find("dbname=") + 7);
  for (auto& url :
       {words, "postgresql:///" + name + "?host=" + host + "&user=ep"}) {
    auto store = postgres::make_event_store(options_of(url));
    CAF_CHECK(store->load_partition(0));
  }
}

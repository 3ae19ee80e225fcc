#define CAF_SUITE postgres_migration
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/postgres/migrations.hpp"
#include "tests/support/private_postgres.hpp"

#include <future>

using namespace eventpulse;
using namespace eventpulse::test;
using postgres::migration;

namespace {

std::vector<migration> sample_history() {
  return {{1, "0001_one", "CREATE TABLE one (a integer);"},
          {2, "0002_two",
           "CREATE TABLE two (a integer); "
           "INSERT INTO two VALUES (2);"}};
}

int64_t count(const std::string& url, const std::string& sql) {
  pqxx::connection link{url};
  pqxx::work tx{link};
  return tx.exec(sql)[0][0].as<int64_t>();
}

bool exists(const std::string& url, const std::string& table) {
  return count(url, "SELECT count(*) FROM pg_class WHERE relname = '" + table +
                        "'") == 1;
}

} // namespace

CAF_TEST(the_embedded_history_is_numbered_and_not_empty) {
  auto& all = postgres::embedded_migrations();
  CAF_REQUIRE(!all.empty());
  for (size_t i = 0; i < all.size(); ++i) {
    CAF_CHECK(i == 0 || all[i - 1].number < all[i].number);
    CAF_CHECK(all[i].sql.size() > 100);
    CAF_CHECK_EQUAL(all[i].sql.find('\0'), std::string::npos);
    CAF_CHECK(all[i].sql.ends_with(";\n"));
  }
}

CAF_TEST(an_empty_database_gets_all_and_then_nothing) {
  auto url = shared_postgres().new_database();
  auto first = postgres::migrate(url);
  CAF_REQUIRE(first);
  CAF_CHECK_EQUAL(first->size(), postgres::embedded_migrations().size());
  auto again = postgres::migrate(url);
  CAF_REQUIRE(again);
  CAF_CHECK(again->empty());
}

CAF_TEST(concurrent_migrations_take_turns) {
  auto url = shared_postgres().new_database();
  std::vector<std::future<result<std::vector<std::string>>>> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(std::async(std::launch::async,
                             [&url] { return postgres::migrate(url); }));
  size_t applied = 0;
  for (auto& one : all) {
    auto done = one.get();
    CAF_REQUIRE(done);
    applied += done->size();
  }
  CAF_CHECK_EQUAL(applied, postgres::embedded_migrations().size());
}

CAF_TEST(a_changed_migration_is_refused) {
  auto url = shared_postgres().new_database();
  auto history = sample_history();
  CAF_REQUIRE(postgres::migrate(url, history));
  history[0].sql += " -- a thought";
  history.push_back({3, "0003_three", "CREATE TABLE three (a integer);"});
  auto refused = postgres::migrate(url, history);
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().code == errc::conflict);
  CAF_CHECK(refused.error().detail.find("0001_one") != std::string::npos);
  CAF_CHECK(!exists(url, "three"));
}

CAF_TEST(a_number_that_was_left_out_is_applied_when_it_comes) {
  auto url = shared_postgres().new_database();
  auto history = sample_history();
  history[1].number = 4;
  CAF_REQUIRE(postgres::migrate(url, history));
  history.insert(history.begin() + 1,
                 {2, "0002_late", "CREATE TABLE late (a integer);"});
  auto done = postgres::migrate(url, history);
  CAF_REQUIRE(done);
  CAF_CHECK_EQUAL(done->size(), 1u);
  CAF_CHECK(exists(url, "late"));
}

CAF_TEST(a_database_that_is_newer_than_the_program_is_refused) {
  auto url = shared_postgres().new_database();
  auto history = sample_history();
  CAF_REQUIRE(postgres::migrate(url, history));
  history.pop_back();
  auto refused = postgres::migrate(url, history);
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().code == errc::conflict);
  CAF_CHECK(refused.error().detail.find("0002_two") != std::string::npos);
}

CAF_TEST(a_migration_that_fails_leaves_nothing_and_those_before_it_stay) {
  auto url = shared_postgres().new_database();
  auto history = sample_history();
  history[1].sql += "SELECT 1 / 0;";
  auto failed = postgres::migrate(url, history);
  CAF_REQUIRE(!failed);
  CAF_CHECK(failed.error().detail.find("0002_two") != std::string::npos);
  CAF_CHECK(exists(url, "one"));
  CAF_CHECK(!exists(url, "two"));
  // Mended, it goes on where it stopped.
  auto mended = postgres::migrate(url, sample_history());
  CAF_REQUIRE(mended);
  CAF_CHECK_EQUAL(mended->size(), 1u);
}

CAF_TEST(a_server_that_is_away_is_unavailable) {
  auto failed = postgres::migrate("host=/nowhere dbname=x connect_timeout=1");
  CAF_REQUIRE(!failed);
  CAF_CHECK(failed.error().code == errc::unavailable);
}

CAF_TEST(every_table_says_what_it_is) {
  auto url = shared_postgres().new_database();
  CAF_REQUIRE(postgres::migrate(url));
  CAF_CHECK_EQUAL(
      count(url, "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p')"
                 " AND relnamespace = 'public'::regnamespace"
                 " AND obj_description(oid) IS NULL"),
      0);
}

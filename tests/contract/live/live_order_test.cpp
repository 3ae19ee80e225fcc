// PostgreSQL alone: transactions that overlap. Whoever reads the log of changes
// while they commit misses none, whatever the order in which they began.

#define CAF_SUITE live_order
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/postgres/live_log.hpp"
#include "tests/support/store_pair.hpp"

#include <atomic>
#include <random>
#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

void take_lease(pqxx::transaction_base& tx, const std::string& name) {
  tx.exec("INSERT INTO lease (name, epoch, owner, expires_at) VALUES ('" +
          name + "', 1, 'o', now())");
}

std::vector<std::string> read_all(live_log& log, int64_t after) {
  std::vector<std::string> out;
  auto page = log.changes(after, 1000);
  for (auto& c : page->changes)
    out.push_back(c.about);
  return out;
}

} // namespace

CAF_TEST(a change that commits later has the larger number) {
  const auto url = migrated_database();
  auto log = postgres::make_live_log(options_of(url));
  pqxx::connection first{url}, second{url};
  pqxx::work early{first};
  take_lease(early, "began first");
  {
    // The other neither waits for it nor comes after it.
    pqxx::work late{second};
    take_lease(late, "commits first");
    late.commit();
  }
  auto seen = log->changes(0, 10);
  CAF_REQUIRE_EQUAL(seen->changes.size(), 1u);
  CAF_CHECK_EQUAL(seen->changes[0].about, "commits first");
  early.commit();
  CAF_CHECK((read_all(*log, seen->changes[0].number) ==
             std::vector<std::string>{"began first"}));
}

CAF_TEST(a transaction that never ends holds nobody up) {
  const auto url = migrated_database();
  auto log = postgres::make_live_log(options_of(url));
  pqxx::connection stopped{url}, other{url};
  pqxx::work open{stopped};
  take_lease(open, "stopped");
  for (int i = 0; i < 3; ++i) {
    pqxx::work tx{other};
    take_lease(tx, "l" + std::to_string(i));
    tx.commit();
  }
  CAF_CHECK_EQUAL(read_all(*log, 0).size(), 3u);
}

CAF_TEST(a reader misses nothing of many who commit at once) {
  constexpr int writers = 6, each = 60;
  const auto url = migrated_database();
  auto log = postgres::make_live_log(options_of(url));
  std::atomic<int> left{writers};
  std::vector<std::thread> threads;
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      pqxx::connection link{url};
      std::mt19937 random{static_cast<unsigned>(w)};
      for (int i = 0; i < each; ++i) {
        pqxx::work tx{link};
        take_lease(tx, std::to_string(w) + "/" + std::to_string(i));
        if (random() % 4 == 0)
          tx.exec("SELECT pg_sleep(0.01)");
        if (random() % 5 == 0)
          tx.abort();
        else
          tx.commit();
      }
      --left;
    });
  std::vector<std::string> got;
  int64_t at = 0;
  for (bool last = false; !last;) {
    last = left == 0; // what is read after this is all of it
    for (bool more = true; more;) {
      auto page = log->changes(at, 7);
      if (!page) {
        left = -1;
        break;
      }
      for (auto& c : page->changes) {
        if (c.number <= at)
          CAF_ERROR("the numbers do not grow");
        at = c.number;
        got.push_back(c.about);
      }
      more = page->more;
    }
    if (left < 0)
      break;
  }
  for (auto& t : threads)
    t.join();
  std::vector<std::string> stored;
  pqxx::connection link{url};
  pqxx::work tx{link};
  for (auto row : tx.exec("SELECT about FROM live_change ORDER BY number"))
    stored.emplace_back(row[0].c_str());
  CAF_CHECK(stored.size() > 200);
  CAF_CHECK(got == stored);
}

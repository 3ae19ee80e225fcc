// What every log_appender promises.

#define CAF_SUITE append_log
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/limits.hpp"
#include "tests/support/log_worlds.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

position zero(uint32_t k) {
  return {k, 0, 0};
}

void open_all(log_world& w) {
  for (uint32_t k = 0; k < 2; ++k)
    CAF_REQUIRE(w.partition(k, 1)->open(zero(k)).ok());
}

} // namespace

CAF_TEST(positions_come_in_the_order_of_the_entries) {
  in_both_worlds({}, [](log_world& w) {
    CAF_MESSAGE(w.name());
    open_all(w);
    auto to = w.appender();
    std::vector<append_entry> entries{entry(1, "a"), entry(0, "b"),
                                      entry(1, "c")};
    auto added = to->append(entries);
    CAF_REQUIRE(added.ok());
    CAF_REQUIRE_EQUAL(added->size(), 3u);
    CAF_CHECK_EQUAL((*added)[0].partition, 1u);
    CAF_CHECK_EQUAL((*added)[1].partition, 0u);
    CAF_CHECK((*added)[0] < (*added)[2]);
    CAF_CHECK_EQUAL(w.entries(0), 1u);
    CAF_CHECK_EQUAL(w.entries(1), 2u);
  });
}

CAF_TEST(nothing_is_added_by_an_empty_call) {
  in_both_worlds({}, [](log_world& w) {
    auto added = w.appender()->append({});
    CAF_REQUIRE(added.ok());
    CAF_CHECK(added->empty());
  });
}

CAF_TEST(bytes_of_any_value_come_back_as_they_were) {
  in_both_worlds({}, [](log_world& w) {
    open_all(w);
    std::string every;
    for (int c = 0; c < 256; ++c)
      every += static_cast<char>(c);
    std::vector<append_entry> one{{0, {{"v", ""}, {"\r\n$5", every}}}};
    CAF_REQUIRE(w.appender()->append(one).ok());
    auto log = w.partition(0, 1);
    CAF_REQUIRE(log->open(zero(0)).ok());
    auto read = log->read(10);
    CAF_REQUIRE(read.ok());
    CAF_REQUIRE_EQUAL(read->entries.size(), 1u);
    CAF_CHECK(read->entries[0].fields == one[0].fields);
  });
}

CAF_TEST(a_missing_stream_is_unavailable_and_is_not_made) {
  in_both_worlds({}, [](log_world& w) {
    auto to = w.appender();
    std::vector<append_entry> one{entry(0, "a")};
    auto added = to->append(one);
    CAF_REQUIRE(!added.ok());
    CAF_CHECK(added.error().code == errc::unavailable);
    CAF_CHECK(to->probe().error().code == errc::unavailable);
    CAF_CHECK_EQUAL(w.entries(0), 0u);
    open_all(w);
    CAF_CHECK(to->probe().ok());
    CAF_CHECK(to->append(one).ok());
  });
}

CAF_TEST(a_stream_that_goes_missing_is_unavailable) {
  in_both_worlds({}, [](log_world& w) {
    open_all(w);
    auto to = w.appender();
    add(*to, 0, 1, 3);
    w.wipe();
    std::vector<append_entry> one{entry(0, "a")};
    auto added = to->append(one);
    CAF_REQUIRE(!added.ok());
    CAF_CHECK(added.error().code == errc::unavailable);
    CAF_CHECK_EQUAL(w.entries(0), 0u);
  });
}

CAF_TEST(what_cannot_be_an_entry_is_refused) {
  in_both_worlds({}, [](log_world& w) {
    open_all(w);
    auto to = w.appender();
    std::vector<append_entry> unknown_partition{entry(2, "a")};
    CAF_CHECK(to->append(unknown_partition).error().code == errc::invalid);
    std::vector<append_entry> empty{{0, {}}};
    CAF_CHECK(to->append(empty).error().code == errc::invalid);
    CAF_CHECK(to->quarantine({}).error().code == errc::invalid);
    std::vector<append_entry> many(limits::append_batch_max, entry(0, "a"));
    CAF_CHECK(to->append(many).ok());
    many.push_back(entry(0, "a"));
    CAF_CHECK(to->append(many).error().code == errc::too_large);
    CAF_CHECK_EQUAL(w.entries(0), limits::append_batch_max);
  });
}

CAF_TEST(the_bound_is_refused_as_overloaded_and_recovers_by_itself) {
  log_limits five;
  five.max_backlog = 5;
  in_both_worlds(five, [](log_world& w) {
    open_all(w);
    auto to = w.appender();
    add(*to, 0, 1, 5);
    std::vector<append_entry> one{entry(0, "x")};
    CAF_CHECK(to->append(one).error().code == errc::overloaded);
    CAF_CHECK(to->probe().error().code == errc::overloaded);
    CAF_CHECK_EQUAL(w.entries(0), 5u);
    // The other partition is not affected.
    std::vector<append_entry> elsewhere{entry(1, "x")};
    CAF_CHECK(to->append(elsewhere).ok());

    auto log = w.partition(0, 1);
    CAF_REQUIRE(log->open(zero(0)).ok());
    auto read = log->read(3);
    CAF_REQUIRE(read.ok());
    CAF_CHECK(to->append(one).error().code == errc::overloaded);
    CAF_REQUIRE(log->acknowledge(places(read->entries)).ok());
    CAF_CHECK(to->append(one).ok());
    CAF_CHECK(to->probe().ok());
  });
}

CAF_TEST(the_bound_is_exceeded_by_one_batch_at_most) {
  log_limits five;
  five.max_backlog = 5;
  in_both_worlds(five, [](log_world& w) {
    open_all(w);
    auto to = w.appender();
    add(*to, 0, 1, 4);
    add(*to, 0, 5, 7);
    std::vector<append_entry> one{entry(0, "x")};
    CAF_CHECK(to->append(one).error().code == errc::overloaded);
    // Another intake sees the same bound at its first call.
    CAF_CHECK(w.appender()->append(one).error().code == errc::overloaded);
  });
}

CAF_TEST(acknowledged_entries_that_are_kept_do_not_count) {
  log_limits keeping;
  keeping.max_backlog = 5;
  keeping.keep = std::chrono::hours{1};
  in_both_worlds(keeping, [](log_world& w) {
    open_all(w);
    auto to = w.appender();
    auto log = w.partition(0, 1);
    CAF_REQUIRE(log->open(zero(0)).ok());
    for (int round = 0; round < 4; ++round) {
      add(*to, 0, 1, 5);
      auto read = log->read(10);
      CAF_REQUIRE(read.ok());
      CAF_REQUIRE(log->acknowledge(places(read->entries)).ok());
      CAF_REQUIRE(log->housekeeping().ok());
    }
    CAF_CHECK_EQUAL(w.entries(0), 20u);
    add(*to, 0, 1, 5);
    std::vector<append_entry> one{entry(0, "x")};
    CAF_CHECK(to->append(one).error().code == errc::overloaded);
  });
}

CAF_TEST(quarantine_is_capped) {
  log_limits small;
  small.quarantine_max = 100;
  in_both_worlds(small, [](log_world& w) {
    auto to = w.appender();
    for (int i = 0; i < 1000; ++i)
      CAF_REQUIRE(to->quarantine({{"reason", "bad"}}).ok());
    CAF_CHECK_GREATER_OR_EQUAL(w.quarantined(), 100u);
    // Redis trims whole nodes of at most 100 entries.
    CAF_CHECK_LESS_OR_EQUAL(w.quarantined(), 200u);
  });
}

// What every partition_log promises about reading and acknowledging.

#define CAF_SUITE read_log
#include <caf/test/unit_test.hpp>

#include "tests/support/log_worlds.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

const position zero{0, 0, 0};

struct owner {
  std::unique_ptr<partition_log> log;

  owner(log_world& w, int64_t epoch, const position& tail = zero)
      : log(w.partition(0, epoch)) {
    auto opened = log->open(tail);
    CAF_REQUIRE(opened.ok());
  }

  log_read read(size_t count_max = 100) {
    auto out = log->read(count_max);
    if (!out)
      CAF_FAIL(to_string(out.error()));
    return *out;
  }

  void acknowledge(const log_read& what) {
    CAF_REQUIRE(log->acknowledge(places(what.entries)).ok());
  }
};

} // namespace

CAF_TEST(entries_come_once_in_order_and_then_the_partition_is_drained) {
  in_both_worlds({}, [](log_world& w) {
    CAF_MESSAGE(w.name());
    owner me{w, 1};
    auto before = me.read();
    CAF_CHECK(before.drained);
    CAF_CHECK_GREATER(before.time_ms, 1'500'000'000'000);
    auto added = add(*w.appender(), 0, 1, 5);
    auto first = me.read(3);
    CAF_CHECK_EQUAL(texts(first.entries), "1 2 3");
    CAF_CHECK(!first.drained);
    CAF_CHECK_EQUAL(first.entries[0].delivery_count, 1u);
    CAF_CHECK(places(first.entries)[0] == added[0]);
    auto second = me.read(3);
    CAF_CHECK_EQUAL(texts(second.entries), "4 5");
    auto last = me.read(3);
    // Its own unacknowledged entries do not keep it from being drained.
    CAF_CHECK(last.drained);
    CAF_CHECK_GREATER_OR_EQUAL(last.time_ms, before.time_ms);
  });
}

CAF_TEST(reading_needs_opening_first) {
  in_both_worlds({}, [](log_world& w) {
    auto log = w.partition(0, 1);
    auto read = log->read(1);
    CAF_REQUIRE(!read.ok());
    CAF_CHECK(read.error().code == errc::unavailable);
  });
}

CAF_TEST(what_was_not_acknowledged_comes_again_after_opening) {
  in_both_worlds({}, [](log_world& w) {
    owner me{w, 1};
    auto added = add(*w.appender(), 0, 1, 4);
    auto read = me.read(3);
    CAF_REQUIRE(me.log->acknowledge({&added[1], 1}).ok());
    auto opened = me.log->open(zero);
    CAF_REQUIRE(opened.ok());
    // Entry 2 is acknowledged, yet beyond the tail: all of it comes again.
    CAF_CHECK(opened->reread);
    CAF_CHECK_EQUAL(texts(me.read().entries), "1 2 3 4");
    // With a tail that covers it only what is pending does.
    CAF_REQUIRE(me.log->acknowledge({&added[0], 2}).ok());
    opened = me.log->open(added[1]);
    CAF_REQUIRE(opened.ok());
    CAF_CHECK(!opened->reread);
    auto again = me.read(1);
    CAF_CHECK_EQUAL(texts(again.entries), "3");
    CAF_CHECK_EQUAL(again.entries[0].delivery_count, 2u);
    CAF_CHECK(!again.drained);
    CAF_CHECK_EQUAL(texts(me.read(5).entries), "4");
    CAF_CHECK(me.read().drained);
  });
}

CAF_TEST(a_take_over_gets_the_dead_owners_entries_before_anything_later) {
  in_both_worlds({}, [](log_world& w) {
    owner dead{w, 1};
    auto to = w.appender();
    add(*to, 0, 1, 25);
    CAF_CHECK_EQUAL(dead.read(25).entries.size(), 25u);
    add(*to, 0, 26, 27);
    owner me{w, 2};
    CAF_CHECK_EQUAL(texts(me.read(10).entries), "1 2 3 4 5 6 7 8 9 10");
    CAF_CHECK_EQUAL(texts(me.read(10).entries),
                    "11 12 13 14 15 16 17 18 19 20");
    auto third = me.read(10);
    CAF_CHECK_EQUAL(texts(third.entries), "21 22 23 24 25");
    CAF_CHECK_EQUAL(third.entries[0].delivery_count, 2u);
    CAF_CHECK_EQUAL(texts(me.read(10).entries), "26 27");
    CAF_CHECK(me.read().drained);
  });
}

CAF_TEST(what_a_stale_owner_takes_is_taken_back_before_anything_later) {
  in_both_worlds({}, [](log_world& w) {
    owner stale{w, 1};
    owner me{w, 2};
    CAF_CHECK(me.read().drained);
    auto to = w.appender();
    add(*to, 0, 1, 5);
    CAF_CHECK_EQUAL(texts(stale.read(5).entries), "1 2 3 4 5");
    add(*to, 0, 6, 7);
    CAF_CHECK_EQUAL(texts(me.read(3).entries), "1 2 3");
    CAF_CHECK_EQUAL(texts(me.read(3).entries), "4 5");
    CAF_CHECK_EQUAL(texts(me.read(3).entries), "6 7");
    CAF_CHECK(me.read().drained);
  });
}

CAF_TEST(a_partition_is_not_drained_while_somebody_else_holds_something) {
  in_both_worlds({}, [](log_world& w) {
    owner stale{w, 1};
    owner me{w, 2};
    add(*w.appender(), 0, 1, 1);
    stale.read();
    auto read = me.read();
    CAF_CHECK(!read.drained);
    CAF_CHECK_EQUAL(texts(read.entries), "1");
    me.acknowledge(read);
    add(*w.appender(), 0, 2, 2);
    stale.read();
    CAF_CHECK_EQUAL(texts(me.read().entries), "2");
    CAF_CHECK(me.read().drained);
  });
}

CAF_TEST(entries_trimmed_while_pending_are_reported_lost) {
  in_both_worlds({}, [](log_world& w) {
    owner dead{w, 1};
    auto added = add(*w.appender(), 0, 1, 5);
    dead.read();
    w.trim(added[2]);
    owner me{w, 2};
    auto read = me.read();
    CAF_CHECK_EQUAL(texts(read.entries), "4 5");
    CAF_REQUIRE_EQUAL(read.lost.size(), 3u);
    CAF_CHECK(read.lost[0] == added[0]);
    CAF_CHECK(read.lost[2] == added[2]);
    CAF_CHECK(me.log->acknowledge(read.lost).ok());
    me.acknowledge(read);
    CAF_CHECK(me.read().drained);
    auto numbers = me.log->housekeeping();
    CAF_REQUIRE(numbers.ok());
    CAF_CHECK_EQUAL(numbers->pending, 0u);
  });
}

CAF_TEST(a_group_that_is_gone_fails_reading_until_it_is_opened_again) {
  in_both_worlds({}, [](log_world& w) {
    owner me{w, 1};
    add(*w.appender(), 0, 1, 2);
    me.read();
    w.destroy_group(0);
    auto read = me.log->read(10);
    CAF_REQUIRE(!read.ok());
    CAF_CHECK(read.error().code == errc::unavailable);
    CAF_CHECK(me.log->housekeeping().error().code == errc::unavailable);
    auto opened = me.log->open(zero);
    CAF_REQUIRE(opened.ok());
    CAF_CHECK(opened->created);
    CAF_CHECK_EQUAL(texts(me.read().entries), "1 2");
  });
}

CAF_TEST(housekeeping_trims_what_is_acknowledged_and_counts_the_rest) {
  in_both_worlds({}, [](log_world& w) {
    owner me{w, 1};
    auto to = w.appender();
    for (int i = 0; i < 10; ++i)
      add(*to, 0, 1, 100);
    auto read = me.read(600);
    CAF_REQUIRE_EQUAL(read.entries.size(), 600u);
    auto handled = places(read.entries);
    CAF_REQUIRE(me.log->acknowledge({handled.data(), 500}).ok());
    auto numbers = me.log->housekeeping();
    CAF_REQUIRE(numbers.ok());
    CAF_CHECK_EQUAL(numbers->lag, 400u);
    CAF_CHECK_EQUAL(numbers->pending, 100u);
    // Redis may leave up to a node of 100 entries besides the 501 it must.
    CAF_CHECK_LESS_OR_EQUAL(numbers->entries, 601u);
    CAF_CHECK_GREATER_OR_EQUAL(numbers->entries, 501u);
    CAF_CHECK_EQUAL(w.entries(0), numbers->entries);
  });
}

CAF_TEST(idle_consumers_of_earlier_epochs_go_and_holders_stay) {
  in_both_worlds({}, [](log_world& w) {
    owner first{w, 1};
    first.read();
    owner second{w, 2};
    add(*w.appender(), 0, 1, 1);
    CAF_CHECK_EQUAL(second.read().entries.size(), 1u);
    owner third{w, 10};
    CAF_REQUIRE(third.log->housekeeping().ok());
    CAF_CHECK((w.consumers(0) == std::set<std::string>{"0-2"}));
    third.acknowledge(third.read());
    CAF_CHECK(third.read().drained);
    CAF_REQUIRE(third.log->housekeeping().ok());
    CAF_CHECK((w.consumers(0) == std::set<std::string>{"0-10"}));
  });
}

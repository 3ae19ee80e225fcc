// What every partition_log mends when it is opened.

#define CAF_SUITE open_log
#include <caf/test/unit_test.hpp>

#include "tests/support/log_worlds.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

const position zero{0, 0, 0};

log_opening open(partition_log& log, const position& tail) {
  auto opened = log.open(tail);
  if (!opened)
    CAF_FAIL(to_string(opened.error()));
  return *opened;
}

std::string read(partition_log& log) {
  auto out = log.read(1000);
  if (!out)
    CAF_FAIL(to_string(out.error()));
  return texts(out->entries);
}

void handle_all(partition_log& log) {
  auto out = log.read(1000);
  CAF_REQUIRE(out.ok());
  CAF_REQUIRE(log.acknowledge(places(out->entries)).ok());
}

} // namespace

CAF_TEST(a_first_opening_makes_everything_and_a_second_finds_it) {
  in_both_worlds({}, [](log_world& w) {
    CAF_MESSAGE(w.name());
    auto log = w.partition(0, 1);
    auto first = open(*log, zero);
    CAF_CHECK(first.created);
    CAF_CHECK(!first.behind);
    CAF_CHECK(!first.gap_until);
    auto second = open(*w.partition(0, 2), zero);
    CAF_CHECK(!second.created);
    CAF_CHECK(!second.reread);
    CAF_CHECK(!second.behind);
  });
}

CAF_TEST(a_stream_that_came_back_empty_continues_after_the_tail) {
  in_both_worlds({}, [](log_world& w) {
    auto log = w.partition(0, 1);
    open(*log, zero);
    add(*w.appender(), 0, 1, 3);
    handle_all(*log);
    w.wipe();
    position tail{0, 9'000'000'000'000, 7}; // far ahead of the server's clock
    auto opened = open(*log, tail);
    CAF_CHECK(opened.created);
    CAF_CHECK(opened.behind);
    CAF_CHECK(!opened.gap_until);
    auto added = add(*w.appender(), 0, 4, 4);
    CAF_CHECK(added[0] > tail);
    CAF_CHECK_EQUAL(read(*log), "4");
  });
}

CAF_TEST(a_stream_that_came_back_behind_continues_after_the_tail) {
  in_both_worlds({}, [](log_world& w) {
    auto log = w.partition(0, 1);
    open(*log, zero);
    add(*w.appender(), 0, 1, 3);
    position tail{0, 9'000'000'000'000, 7};
    auto opened = open(*log, tail);
    CAF_CHECK(!opened.created);
    CAF_CHECK(opened.behind);
    auto added = add(*w.appender(), 0, 4, 4);
    CAF_CHECK(added[0] > tail);
    // What was there is read: its positions tell that it was handled.
    CAF_CHECK_EQUAL(read(*log), "1 2 3 4");
    CAF_CHECK(!open(*log, tail).behind);
  });
}

CAF_TEST(entries_acknowledged_beyond_the_tail_are_read_again) {
  in_both_worlds({}, [](log_world& w) {
    auto log = w.partition(0, 1);
    open(*log, zero);
    auto added = add(*w.appender(), 0, 1, 5);
    handle_all(*log);
    auto opened = open(*log, added[1]);
    CAF_CHECK(opened.reread);
    CAF_CHECK(!opened.gap_until);
    CAF_CHECK_EQUAL(read(*log), "3 4 5");
    // They are pending now, so there is nothing to set back.
    CAF_CHECK(!open(*log, added[1]).reread);
  });
}

CAF_TEST(rereading_keeps_the_order_among_pending_and_acknowledged) {
  in_both_worlds({}, [](log_world& w) {
    auto dead = w.partition(0, 1);
    open(*dead, zero);
    auto added = add(*w.appender(), 0, 1, 6);
    CAF_REQUIRE(dead->read(1000).ok());
    // 1 to 3 were handled, but the table lost 2 and 3; 4 to 6 are pending.
    CAF_REQUIRE(dead->acknowledge({added.data(), 3}).ok());
    auto log = w.partition(0, 2);
    CAF_CHECK(open(*log, added[0]).reread);
    CAF_CHECK_EQUAL(read(*log), "2 3 4 5 6");
    CAF_CHECK_EQUAL(read(*log), "");
  });
}

CAF_TEST(a_usual_take_over_sets_nothing_back) {
  in_both_worlds({}, [](log_world& w) {
    auto dead = w.partition(0, 1);
    open(*dead, zero);
    auto to = w.appender();
    std::vector<position> added;
    for (int i = 0; i < 5; ++i)
      for (auto p : add(*to, 0, 1, 500))
        added.push_back(p);
    for (int i = 0; i < 3; ++i)
      CAF_REQUIRE(dead->read(1000).ok());
    CAF_REQUIRE(dead->acknowledge({added.data(), 300}).ok());
    CAF_REQUIRE(dead->housekeeping().ok());
    auto log = w.partition(0, 2);
    auto opened = open(*log, added[299]);
    CAF_CHECK(!opened.reread);
    CAF_CHECK(!opened.gap_until);
    CAF_CHECK(!opened.created);
    size_t count = 0;
    for (int i = 0; i < 3; ++i)
      count += log->read(1000)->entries.size();
    CAF_CHECK_EQUAL(count, 2200u);
  });
}

CAF_TEST(trimming_never_looks_like_a_gap) {
  in_both_worlds({}, [](log_world& w) {
    auto log = w.partition(0, 1);
    open(*log, zero);
    auto to = w.appender();
    position tail = zero;
    for (int round = 0; round < 5; ++round) {
      for (auto p : add(*to, 0, 1, 300))
        tail = p;
      handle_all(*log);
      CAF_REQUIRE(log->housekeeping().ok());
      auto opened = open(*log, tail);
      CAF_CHECK(!opened.gap_until);
      CAF_CHECK(!opened.reread);
    }
    CAF_CHECK_LESS_OR_EQUAL(w.entries(0), 101u);
  });
}

CAF_TEST(entries_beyond_the_tail_that_were_trimmed_are_a_gap) {
  in_both_worlds({}, [](log_world& w) {
    auto log = w.partition(0, 1);
    open(*log, zero);
    auto added = add(*w.appender(), 0, 1, 5);
    handle_all(*log);
    w.trim(added[2]);
    auto opened = open(*log, added[0]);
    CAF_REQUIRE(opened.gap_until);
    CAF_CHECK(*opened.gap_until >= added[2]);
    CAF_CHECK(*opened.gap_until < added[3]);
    CAF_CHECK(opened.reread);
    CAF_CHECK_EQUAL(read(*log), "4 5");
  });
}

CAF_TEST(a_stream_emptied_beyond_the_tail_is_a_gap_up_to_its_last_id) {
  in_both_worlds({}, [](log_world& w) {
    auto log = w.partition(0, 1);
    open(*log, zero);
    auto added = add(*w.appender(), 0, 1, 5);
    w.trim(added[4]);
    auto opened = open(*log, added[0]);
    CAF_REQUIRE(opened.gap_until);
    CAF_CHECK(*opened.gap_until == added[4]);
    CAF_CHECK_EQUAL(read(*log), "");
  });
}

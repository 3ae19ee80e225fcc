// Redis is killed, restarted, comes back empty or old, freezes, is full.

#define CAF_SUITE redis_restart
#include <caf/test/unit_test.hpp>

#include "tests/integration/redis/support.hpp"

#include <set>
#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

CAF_TEST(nothing_answered_is_lost_when_redis_is_killed) {
  redis_server server;
  auto o = options_of(server);
  auto log = redis::make_partition_log(o, 0, 1);
  must(log->open(zero));
  auto to = redis::make_appender(o);
  std::set<position> answered;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i)
      for (auto p : must(to->append(entries(10))))
        answered.insert(p);
    server.kill();
    auto refused = to->append(entries(1));
    CAF_REQUIRE(!refused.ok());
    // Nothing was sent: the end of the connection was seen before.
    CAF_CHECK(refused.error().code == errc::unavailable);
    CAF_CHECK(!log->read(1).ok());
    server.start();
    CAF_CHECK(eventually([&] { return to->probe().ok(); }));
  }
  CAF_CHECK(eventually([&] { return log->open(zero).ok(); }));
  for (auto read = must(log->read(1000)); !read.drained;
       read = must(log->read(1000))) {
    CAF_CHECK(read.lost.empty());
    for (auto p : places(read))
      answered.erase(p);
  }
  CAF_CHECK(answered.empty());
}

CAF_TEST(calls_during_the_back_off_fail_at_once) {
  redis_server server;
  auto o = options_of(server);
  auto to = redis::make_appender(o);
  server.kill();
  auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    auto refused = to->append(entries(1));
    CAF_REQUIRE(!refused.ok());
    CAF_REQUIRE(refused.error().code == errc::unavailable);
    CAF_REQUIRE(!refused.error().detail.empty());
  }
  CAF_CHECK(std::chrono::steady_clock::now() - started < 5s);
}

CAF_TEST(an_answer_lost_after_exec_is_outcome_unknown) {
  redis_server server;
  auto o = options_of(server);
  must(redis::make_partition_log(o, 0, 1)->open(zero));
  auto to = redis::make_appender(o);
  must(to->append(entries(1)));
  server.freeze(); // takes the bytes, answers nothing
  std::thread killer{[&] {
    std::this_thread::sleep_for(200ms);
    server.kill();
  }};
  auto lost = to->append(entries(3));
  killer.join();
  CAF_REQUIRE(!lost.ok());
  CAF_CHECK(lost.error().code == errc::outcome_unknown);
  server.start();
  CAF_CHECK(eventually([&] { return to->append(entries(1)).ok(); }));
}

CAF_TEST(an_answer_that_does_not_come_in_time_is_outcome_unknown) {
  redis_server server;
  auto o = options_of(server);
  must(redis::make_partition_log(o, 0, 1)->open(zero));
  o.timeout = 200ms;
  auto to = redis::make_appender(o);
  must(to->append(entries(1)));
  server.freeze();
  auto late = to->append(entries(1));
  CAF_REQUIRE(!late.ok());
  CAF_CHECK(late.error().code == errc::outcome_unknown);
  server.thaw();
  CAF_CHECK(eventually([&] { return to->append(entries(1)).ok(); }));
  // The late one was added all the same, once.
  auto length = server.command({"XLEN", "ep:{0}:events"});
  CAF_CHECK_EQUAL(redis::reply_view{length}.number(), 3);
}

CAF_TEST(a_batch_too_big_to_be_sent_whole_did_not_happen) {
  redis_server server;
  auto o = options_of(server);
  must(redis::make_partition_log(o, 0, 1)->open(zero));
  o.timeout = 300ms;
  auto to = redis::make_appender(o);
  must(to->append(entries(1)));
  server.freeze();
  auto cut = to->append(entries(100, 100'000)); // more than sockets buffer
  CAF_REQUIRE(!cut.ok());
  CAF_CHECK(cut.error().code == errc::unavailable);
  server.thaw();
  CAF_CHECK(eventually([&] { return to->append(entries(1)).ok(); }));
  auto length = server.command({"XLEN", "ep:{0}:events"});
  CAF_CHECK_EQUAL(redis::reply_view{length}.number(), 2);
}

CAF_TEST(redis_that_comes_back_empty_goes_on_after_the_tail) {
  redis_server server;
  auto o = options_of(server);
  auto log = redis::make_partition_log(o, 0, 1);
  must(log->open(zero));
  auto to = redis::make_appender(o);
  auto tail = must(to->append(entries(5))).back();
  must(log->acknowledge(places(must(log->read(10)))));
  server.kill_and_forget();
  server.start();
  CAF_CHECK(eventually([&] {
    return to->append(entries(1)).error().code == errc::unavailable;
  }));
  result<log_opening> opened = errc::internal;
  CAF_REQUIRE(eventually([&] { return (opened = log->open(tail)).ok(); }));
  CAF_CHECK(opened->created);
  CAF_CHECK(opened->behind);
  auto added = must(to->append(entries(2)));
  CAF_CHECK(added[0] > tail);
  CAF_CHECK_EQUAL(must(log->read(10)).entries.size(), 2u);
  CAF_CHECK(must(log->read(10)).drained);
}

CAF_TEST(redis_that_comes_back_behind_goes_on_after_the_tail) {
  redis_server server;
  auto o = options_of(server);
  auto log = redis::make_partition_log(o, 0, 1);
  must(log->open(zero));
  auto to = redis::make_appender(o);
  auto early = must(to->append(entries(3)));
  must(log->acknowledge(places(must(log->read(10)))));
  server.kill();
  server.save_data();
  server.start();
  CAF_REQUIRE(eventually([&] { return log->open(early.back()).ok(); }));
  CAF_REQUIRE(eventually([&] { return to->probe().ok(); }));
  auto tail = must(to->append(entries(4))).back();
  must(log->acknowledge(places(must(log->read(10)))));
  server.kill();
  server.restore_data();
  server.start();
  result<log_opening> opened = errc::internal;
  CAF_REQUIRE(eventually([&] { return (opened = log->open(tail)).ok(); }));
  CAF_CHECK(!opened->created);
  CAF_CHECK(opened->behind);
  CAF_CHECK(!opened->gap_until);
  CAF_REQUIRE(eventually([&] { return to->probe().ok(); }));
  CAF_CHECK(must(to->append(entries(1)))[0] > tail);
  CAF_CHECK_EQUAL(must(log->read(10)).entries.size(), 1u);
}

CAF_TEST(a_full_redis_is_unavailable_and_acknowledging_makes_room) {
  redis_server server{
      {"--maxmemory", "12mb", "--maxmemory-policy", "noeviction"}};
  auto o = options_of(server);
  auto log = redis::make_partition_log(o, 0, 1);
  must(log->open(zero));
  auto to = redis::make_appender(o);
  size_t answered = 0;
  auto added = to->append(entries(10, 10'000));
  for (int i = 0; i < 10'000 && added.ok(); ++i) {
    answered += added->size();
    added = to->append(entries(10, 10'000));
  }
  CAF_REQUIRE(!added.ok());
  CAF_CHECK(added.error().code == errc::unavailable);
  CAF_CHECK(added.error().detail.find("OOM") != std::string::npos);
  // A request takes memory itself, so a smaller one might still be taken.
  server.command({"CONFIG", "SET", "maxmemory", "6mb"});
  CAF_CHECK(to->append(entries(1)).error().code == errc::unavailable);
  CAF_CHECK(to->probe().error().code == errc::unavailable);
  CAF_CHECK(to->quarantine({{"a", "b"}}).error().code == errc::unavailable);
  // A new owner can take over while it is full.
  must(log->read(100));
  log = redis::make_partition_log(o, 0, 2);
  must(log->open(zero));
  // Reading, acknowledging and trimming are the way out, and work.
  size_t read_count = 0;
  for (auto read = must(log->read(100)); !read.drained;
       read = must(log->read(100))) {
    read_count += read.entries.size();
    must(log->acknowledge(places(read)));
    must(log->housekeeping());
  }
  CAF_CHECK_EQUAL(read_count, answered);
  CAF_CHECK(to->probe().ok());
  CAF_CHECK(to->append(entries(1)).ok());
}

CAF_TEST(a_stale_owner_that_waits_takes_nothing) {
  redis_server server;
  auto o = options_of(server);
  auto stale = redis::make_partition_log(o, 0, 1);
  must(stale->open(zero));
  CAF_CHECK(must(stale->read(10)).drained);
  result<bool> woken = errc::internal;
  auto waiter = redis::make_waiter(o);
  std::thread waiting{[&] { woken = waiter->wait(0, zero, 10s); }};
  auto owner = redis::make_partition_log(o, 0, 2);
  must(owner->open(zero));
  must(redis::make_appender(o)->append(entries(3)));
  waiting.join();
  CAF_CHECK(must(std::move(woken)));
  auto read = must(owner->read(10));
  CAF_CHECK_EQUAL(read.entries.size(), 3u);
  CAF_CHECK_EQUAL(read.entries[0].delivery_count, 1u);
}

CAF_TEST(waiting_fails_when_redis_goes_and_works_when_it_is_back) {
  redis_server server;
  auto o = options_of(server);
  must(redis::make_partition_log(o, 0, 1)->open(zero));
  auto waiter = redis::make_waiter(o);
  CAF_CHECK(!must(waiter->wait(0, zero, 1ms)));
  std::thread killer{[&] {
    std::this_thread::sleep_for(100ms);
    server.kill();
  }};
  auto woken = waiter->wait(0, zero, 30s);
  killer.join();
  CAF_REQUIRE(!woken.ok());
  CAF_CHECK(woken.error().code == errc::unavailable);
  server.start();
  CAF_CHECK(eventually([&] { return waiter->wait(0, zero, 1ms).ok(); }));
}

CAF_TEST(hints_work_again_after_a_restart) {
  redis_server server;
  auto ears = redis::make_hint_bus(options_of(server));
  auto mouth = redis::make_hint_bus(options_of(server));
  CAF_CHECK(!must(ears->wait("rules", 1ms)));
  server.kill();
  CAF_CHECK(!ears->wait("rules", 1ms).ok());
  CAF_CHECK(!mouth->publish("rules").ok());
  server.start();
  CAF_CHECK(eventually([&] {
    auto listening = ears->wait("rules", 0ms);
    return listening.ok();
  }));
  CAF_CHECK(eventually([&] { return mouth->publish("rules").ok(); }));
  CAF_CHECK(must(ears->wait("rules", 20s)));
}

CAF_TEST(too_few_replicas_leave_the_outcome_unknown) {
  redis_server server;
  auto o = options_of(server);
  must(redis::make_partition_log(o, 0, 1)->open(zero));
  o.wait_replicas = 1;
  o.timeout = 200ms;
  auto added = redis::make_appender(o)->append(entries(1));
  CAF_REQUIRE(!added.ok());
  CAF_CHECK(added.error().code == errc::outcome_unknown);
}

CAF_TEST(a_key_of_another_type_is_unavailable_and_stays) {
  redis_server server;
  auto o = options_of(server);
  server.command({"SET", "ep:{0}:events", "mine"});
  auto opened = redis::make_partition_log(o, 0, 1)->open(zero);
  CAF_REQUIRE(!opened.ok());
  CAF_CHECK(opened.error().code == errc::unavailable);
  auto added = redis::make_appender(o)->append(entries(1));
  CAF_CHECK(added.error().code == errc::unavailable);
  auto value = server.command({"GET", "ep:{0}:events"});
  CAF_CHECK(redis::reply_view{value}.text() == "mine");
}

#define CAF_SUITE operate_diagnosis
#include <caf/test/unit_test.hpp>

#include "runtime/core/operate/diagnosis.hpp"

using namespace eventpulse;

namespace {

using level = finding::level;

constexpr uint64_t gib = uint64_t{1} << 30;

postgres_facts good_database() {
  postgres_facts f;
  f.version = 150'004;
  f.fsync = f.synchronous_commit = f.full_page_writes = "on";
  f.encoding = "UTF8";
  f.connections_max = 100;
  f.connections_used = 10;
  f.lease_owner = "host-1";
  f.tails = {{0, 100, 5}};
  return f;
}

redis_facts good_redis() {
  redis_facts f;
  f.version = "7.0.15";
  f.maxmemory_policy = "noeviction";
  f.maxmemory = gib;
  f.appendonly = true;
  f.appendfsync = "always";
  f.streams = {{0, true, 1, 10, {0, 100, 5}, {0, 100, 5}}};
  return f;
}

wanted_facts wanted() {
  return {1, 0, 1000, 3};
}

/// The findings that are not good: "what: level", a line each.
std::string bad(const std::vector<finding>& all) {
  std::string out;
  for (auto& f : all) {
    CAF_CHECK(!f.what.empty());
    CAF_CHECK_EQUAL(f.how == level::good, f.advice.empty());
    if (f.how != level::good)
      out += f.what + (f.how == level::wrong ? ": wrong\n" : ": warning\n");
  }
  return out;
}

template <class Facts, class Member, class Value>
std::string with(Facts facts, Member member, Value value) {
  facts.*member = value;
  return bad(judge(facts, wanted()));
}

} // namespace

CAF_TEST(good_servers_are_found_good) {
  CAF_CHECK_EQUAL(bad(judge(good_database(), wanted())), "");
  CAF_CHECK_EQUAL(bad(judge(good_redis(), wanted())), "");
  CAF_CHECK_EQUAL(bad(judge_pair(good_database(), good_redis(), wanted())), "");
}

CAF_TEST(what_may_lose_events_in_postgresql_is_wrong) {
  using f = postgres_facts;
  auto db = good_database();
  CAF_CHECK_EQUAL(with(db, &f::fsync, "off"), "PostgreSQL fsync: wrong\n");
  CAF_CHECK_EQUAL(with(db, &f::synchronous_commit, "off"),
                  "PostgreSQL synchronous_commit: wrong\n");
  CAF_CHECK_EQUAL(with(db, &f::synchronous_commit, "remote_apply"), "");
  CAF_CHECK_EQUAL(with(db, &f::full_page_writes, "off"),
                  "PostgreSQL full_page_writes: wrong\n");
  CAF_CHECK_EQUAL(with(db, &f::read_only, true),
                  "PostgreSQL takes writes: wrong\n");
  CAF_CHECK_EQUAL(with(db, &f::encoding, "SQL_ASCII"),
                  "PostgreSQL encoding: wrong\n");
  CAF_CHECK_EQUAL(
      with(db, &f::migrations_missing, std::vector<std::string>{"0009_x"}),
      "schema: wrong\n");
  CAF_CHECK_EQUAL(with(db, &f::migrations_wrong, "newer"), "schema: wrong\n");
  CAF_CHECK_EQUAL(with(db, &f::channels_of_another_key, 2u),
                  "channels' secrets: wrong\n");
}

CAF_TEST(what_may_cost_something_one_day_is_a_warning) {
  using f = postgres_facts;
  auto db = good_database();
  CAF_CHECK_EQUAL(with(db, &f::version, 140'011),
                  "PostgreSQL version: warning\n");
  CAF_CHECK_EQUAL(with(db, &f::connections_used, 77), "");
  CAF_CHECK_EQUAL(with(db, &f::connections_used, 78),
                  "PostgreSQL connections: warning\n");
  CAF_CHECK_EQUAL(with(db, &f::lease_owner, ""),
                  "a worker evaluates: warning\n");
}

CAF_TEST(what_may_lose_events_in_redis_is_wrong) {
  using f = redis_facts;
  auto r = good_redis();
  CAF_CHECK_EQUAL(with(r, &f::version, "6.2.1"), "Redis version: wrong\n");
  CAF_CHECK_EQUAL(with(r, &f::version, "8.0.2"), "");
  CAF_CHECK_EQUAL(with(r, &f::maxmemory_policy, "allkeys-lru"),
                  "Redis maxmemory-policy: wrong\n");
  CAF_CHECK_EQUAL(with(r, &f::maxmemory, 0u), "Redis maxmemory: warning\n");
  CAF_CHECK_EQUAL(with(r, &f::appendonly, false), "Redis appendonly: wrong\n");
  CAF_CHECK_EQUAL(with(r, &f::appendfsync, "everysec"),
                  "Redis appendfsync: warning\n");
  CAF_CHECK_EQUAL(with(r, &f::appendfsync, ""), "Redis appendfsync: warning\n");
  CAF_CHECK_EQUAL(with(r, &f::write_failed, true),
                  "Redis writes its file: wrong\n");
  CAF_CHECK_EQUAL(with(r, &f::replica, true), "Redis takes writes: wrong\n");
  auto w = wanted();
  w.wait_replicas = 1;
  CAF_CHECK_EQUAL(bad(judge(r, w)), "Redis replicas: wrong\n");
}

CAF_TEST(a_database_behind_its_stream_has_a_gap) {
  stream_facts s{0, true, 2, 10, {0, 200, 0}, {0, 300, 0}};
  CAF_CHECK(gap_after({0, 100, 0}, s) == (position{0, 199, UINT64_MAX}));
  CAF_CHECK(!gap_after({0, 200, 0}, s));
  s.added = 2; // nothing was ever trimmed
  CAF_CHECK(!gap_after({0, 100, 0}, s));
  s = {0, true, 0, 10, {}, {0, 300, 0}};
  CAF_CHECK(gap_after({0, 100, 0}, s) == (position{0, 300, 0}));
  CAF_CHECK(!gap_after({0, 300, 0}, s));
  s.exists = false;
  CAF_CHECK(!gap_after({0, 100, 0}, s));
}

CAF_TEST(stream_and_database_must_belong_together) {
  auto db = good_database();
  auto r = good_redis();
  r.streams[0].first = r.streams[0].last = {0, 200, 0};
  CAF_CHECK_EQUAL(bad(judge_pair(db, r, wanted())),
                  "stream of partition 0: wrong\n");
  r = good_redis();
  r.streams[0].last = {0, 50, 0};
  r.streams[0].first = {0, 50, 0};
  CAF_CHECK_EQUAL(bad(judge_pair(db, r, wanted())),
                  "stream of partition 0: wrong\n");
  r.streams[0].exists = false;
  CAF_CHECK_EQUAL(bad(judge_pair(db, r, wanted())),
                  "stream of partition 0: wrong\n");
  db.tails.push_back({1, 1, 1});
  CAF_CHECK_EQUAL(bad(judge_pair(db, good_redis(), wanted())),
                  "stream.partitions: wrong\n");
}

CAF_TEST(clocks_are_compared_as_closely_as_can_be_told) {
  CAF_CHECK(judge_clock("x", {10'000, 10'000, 1}).how == level::good);
  CAF_CHECK(judge_clock("x", {10'999, 10'000, 0}).how == level::good);
  CAF_CHECK(judge_clock("x", {11'000, 10'000, 0}).how == level::warning);
  CAF_CHECK(judge_clock("x", {9'000, 10'000, 0}).how == level::warning);
  // The answer took a second: they may agree.
  CAF_CHECK(judge_clock("x", {11'000, 10'000, 1'000}).how == level::good);
  CAF_CHECK(judge_clock("x", {50'000, 10'000, 5}).how == level::wrong);
}

CAF_TEST(space_and_files_are_measured_against_what_is_wanted) {
  CAF_CHECK(judge_space("/d", 50 * gib, 100 * gib).how == level::good);
  CAF_CHECK(judge_space("/d", 9 * gib, 100 * gib).how == level::warning);
  CAF_CHECK(judge_space("/d", gib, 100 * gib).how == level::wrong);
  machine_facts m;
  m.files_max = 1200;
  CAF_CHECK_EQUAL(bad(judge(m, nullptr, wanted())), "");
  m.files_max = 1199;
  CAF_CHECK_EQUAL(bad(judge(m, nullptr, wanted())), "open files: warning\n");
  m.files_max = 10'000;
  m.redis_is_here = true;
  m.memory_bytes = gib;
  m.overcommit_memory = "0";
  m.huge_pages = "[always] madvise never";
  auto redis = good_redis();
  CAF_CHECK_EQUAL(bad(judge(m, &redis, wanted())),
                  "memory for Redis: warning\nvm.overcommit_memory: warning\n"
                  "transparent huge pages: warning\n");
  m.redis_is_here = false; // another machine's are not known
  CAF_CHECK_EQUAL(bad(judge(m, &redis, wanted())), "");
}

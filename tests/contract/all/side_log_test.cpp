// What waiting, hints and the mirror of the API keys promise.

#define CAF_SUITE side_log
#include <caf/test/unit_test.hpp>

#include "tests/support/log_worlds.hpp"

#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

const position zero{0, 0, 0};

api_key some_key(const std::string& hash) {
  api_key key;
  key.id = "id of " + hash;
  key.name = "name \"of\" " + hash;
  key.hash = hash;
  key.scopes = {scope::events_write, scope::admin};
  key.created_at_ms = 1;
  key.expires_at_ms = 1'900'000'000'000;
  return key;
}

} // namespace

CAF_TEST(waiting_tells_of_entries_and_takes_nothing) {
  in_both_worlds({}, [](log_world& w) {
    CAF_MESSAGE(w.name());
    auto log = w.partition(0, 1);
    CAF_REQUIRE(log->open(zero).ok());
    auto waiter = w.waiter();
    auto quiet = waiter->wait(0, zero, 10ms);
    CAF_REQUIRE(quiet.ok());
    CAF_CHECK(!*quiet);
    auto added = add(*w.appender(), 0, 1, 2);
    CAF_CHECK(*waiter->wait(0, zero, 10s));
    CAF_CHECK(*waiter->wait(0, added[0], 0ms));
    CAF_CHECK(!*waiter->wait(0, added[1], 0ms));
    CAF_CHECK(!*waiter->wait(0, added[1], -5ms));
    CAF_CHECK_EQUAL(log->read(10)->entries.size(), 2u);
  });
}

CAF_TEST(a_wait_ends_when_something_comes) {
  in_both_worlds({}, [](log_world& w) {
    CAF_REQUIRE(w.partition(0, 1)->open(zero).ok());
    auto waiter = w.waiter();
    auto to = w.appender();
    std::thread later{[&] { add(*to, 0, 1, 1); }};
    auto came = waiter->wait(0, zero, 20s);
    later.join();
    CAF_REQUIRE(came.ok());
    CAF_CHECK(*came);
  });
}

CAF_TEST(a_missing_stream_has_nothing_to_wait_for) {
  in_both_worlds({}, [](log_world& w) {
    auto came = w.waiter()->wait(0, zero, 10ms);
    CAF_REQUIRE(came.ok());
    CAF_CHECK(!*came);
  });
}

CAF_TEST(hints_reach_who_listens_to_their_topic) {
  in_both_worlds({}, [](log_world& w) {
    auto ears = w.hints();
    auto mouth = w.hints();
    CAF_CHECK(mouth->publish("rules").ok()); // nobody listens yet
    CAF_CHECK(!*ears->wait("rules", 0ms));
    CAF_CHECK(!*ears->wait("keys", 0ms));
    CAF_CHECK(mouth->publish("rules").ok());
    CAF_CHECK(!*ears->wait("keys", 10ms));
    CAF_CHECK(*ears->wait("rules", 20s));
    CAF_CHECK(!*ears->wait("rules", 0ms));
  });
}

CAF_TEST(the_mirror_gives_back_what_was_stored) {
  in_both_worlds({}, [](log_world& w) {
    auto mirror = w.mirror();
    auto none = mirror->load();
    CAF_REQUIRE(none.ok());
    CAF_CHECK_EQUAL(none->version, 0);
    CAF_CHECK(none->by_hash.empty());
    key_set keys;
    keys.version = 3;
    keys.by_hash["a"] = some_key("a");
    keys.by_hash["b"] = some_key("b");
    keys.by_hash["b"].expires_at_ms.reset();
    keys.by_hash["b"].revoked_at_ms = 17;
    keys.by_hash["b"].rate = key_rate{100, 60'000};
    CAF_REQUIRE(mirror->store(keys).ok());
    auto back = w.mirror()->load();
    CAF_REQUIRE(back.ok());
    CAF_CHECK_EQUAL(back->version, 3);
    CAF_REQUIRE_EQUAL(back->by_hash.size(), 2u);
    const auto& a = back->by_hash.at("a");
    CAF_CHECK_EQUAL(a.id, "id of a");
    CAF_CHECK_EQUAL(a.name, "name \"of\" a");
    CAF_CHECK_EQUAL(a.hash, "a");
    CAF_CHECK((a.scopes == std::vector{scope::events_write, scope::admin}));
    CAF_CHECK(a.expires_at_ms == 1'900'000'000'000);
    CAF_CHECK(!a.revoked_at_ms);
    CAF_CHECK(back->by_hash.at("b").revoked_at_ms == 17);
    CAF_CHECK(!back->by_hash.at("b").expires_at_ms);
    CAF_CHECK((back->by_hash.at("b").rate == key_rate{100, 60'000}));
    CAF_CHECK(!a.rate);
  });
}

CAF_TEST(the_mirror_keeps_the_newer_version_whoever_writes) {
  in_both_worlds({}, [](log_world& w) {
    key_set newer;
    newer.version = 10;
    newer.by_hash["new"] = some_key("new");
    key_set older;
    older.version = 9;
    older.by_hash["old"] = some_key("old");
    CAF_REQUIRE(w.mirror()->store(newer).ok());
    CAF_REQUIRE(w.mirror()->store(older).ok());
    auto back = w.mirror()->load();
    CAF_REQUIRE(back.ok());
    CAF_CHECK_EQUAL(back->version, 10);
    CAF_CHECK(back->by_hash.contains("new"));
  });
}

// Every change keeps who made it, in its own transaction: what is refused or
// fails leaves nothing behind.

#define CAF_SUITE audit_store
#include <caf/test/unit_test.hpp>

#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

const caller other{"key-2", "other", "request-2",
                   "0af7651916cd43dd8448eb211c80319c"};

api_key sample_key(const std::string& id) {
  return {id, "name of " + id, "hash of " + id, {scope::events_write}, 5, {},
          {}};
}

channel sample_channel(const std::string& url) {
  return {"c1", "webhook", url, {"whsec_secret"}, false, 1, 1};
}

void say_all(backend& b, const std::string& what, const audit_query& q = {}) {
  b.say(what, b.audit->query(q));
}

} // namespace

CAF_TEST(every_change_is_kept_with_what_was_and_what_is) {
  EP_SAME_ANSWERS([](backend& b) {
    say_all(b, "nothing yet");
    CAF_REQUIRE(b.channels->put(sample_channel("https://x"), me));
    CAF_REQUIRE(b.channels->put(sample_channel("https://u:p@y/z"), other));
    CAF_REQUIRE(b.rules->publish({"r1", R"({"a":  1})", me, {}, {"c1"}}));
    CAF_REQUIRE(b.rules->publish({"r1", R"({"a":2})", other, {}, {}}));
    CAF_REQUIRE(b.rules->remove("r1", me, {}));
    CAF_REQUIRE(b.channels->remove("c1", me));
    CAF_REQUIRE(b.keys->add(sample_key("k1"), me));
    CAF_REQUIRE(b.keys->revoke("k1", 50, other));
    say_all(b, "all");
    auto all = b.audit->query({});
    CAF_REQUIRE(all);
    CAF_REQUIRE_EQUAL(all->size(), 8u);
    // Newest first, and no secret in any of them.
    CAF_CHECK_EQUAL(all->front().what.action, "key.revoked");
    CAF_CHECK_EQUAL(all->back().what.action, "channel.created");
    for (auto& r : *all)
      for (auto& text : {r.what.before, r.what.after}) {
        CAF_CHECK_EQUAL(text.find("whsec_"), std::string::npos);
        CAF_CHECK_EQUAL(text.find("hash of"), std::string::npos);
        CAF_CHECK_EQUAL(text.find("u:p"), std::string::npos);
      }
  });
}

CAF_TEST(what_was_refused_is_no_change) {
  EP_SAME_ANSWERS([](backend& b) {
    CAF_REQUIRE(b.channels->put(sample_channel("https://x"), me));
    CAF_REQUIRE(b.rules->publish({"r1", "{}", me, {}, {"c1"}}));
    CAF_REQUIRE(b.keys->add(sample_key("k1"), me));
    CAF_REQUIRE(b.keys->revoke("k1", 50, me));
    CAF_CHECK(!b.channels->remove("c1", other));
    CAF_CHECK(!b.channels->remove("c2", other));
    CAF_CHECK(!b.rules->publish({"r1", "{}", other, 7, {}}));
    CAF_CHECK(!b.rules->publish({"r2", "{", other, {}, {}}));
    CAF_CHECK(!b.rules->publish({"r2", "{}", other, {}, {"c9"}}));
    CAF_CHECK(!b.rules->remove("r9", other, {}));
    CAF_CHECK(!b.keys->add(sample_key("k1"), other));
    CAF_CHECK(!b.keys->revoke("k9", 50, other));
    CAF_CHECK(b.keys->revoke("k1", 60, other)); // it was revoked already
    say_all(b, "only what happened");
    auto q = audit_query{};
    q.key = "other";
    say_all(b, "nothing of the other", q);
  });
}

CAF_TEST(entries_are_found_by_who_what_and_when) {
  EP_SAME_ANSWERS([](backend& b) {
    for (auto* id : {"r", "r1", "r-2"})
      CAF_REQUIRE(b.rules->publish({id, "{}", me, {}, {}}));
    CAF_REQUIRE(b.rules->remove("r1", other, {}));
    CAF_REQUIRE(b.keys->add(sample_key("r1"), other));
    auto ask = [&](const char* what, auto change) {
      audit_query q;
      change(q);
      say_all(b, what, q);
    };
    ask("a key's name", [](auto& q) { q.key = "other"; });
    ask("a key's id", [](auto& q) { q.key = "key-of-me"; });
    ask("an action", [](auto& q) { q.action = "rule.deleted"; });
    ask("all actions on rules", [](auto& q) { q.action = "rule"; });
    ask("half a word", [](auto& q) { q.action = "rul"; });
    ask("a target", [](auto& q) { q.target = "rule/r"; });
    ask("all rules", [](auto& q) { q.target = "rule"; });
    ask("both", [](auto& q) {
      q.target = "rule/r1";
      q.action = "rule.published";
    });
    ask("long ago", [](auto& q) { q.to_ms = 1000; });
    ask("since long ago", [](auto& q) { q.from_ms = 1000; });
    ask("to come", [](auto& q) { q.from_ms = real_now_ms() + 3'600'000; });
    audit_query page;
    page.limit = 2;
    auto first = b.audit->query(page);
    CAF_REQUIRE(first);
    b.say("a page", first);
    page.before = first->back().id;
    say_all(b, "the next", page);
  });
}

CAF_TEST(what_cannot_be_stored_changes_nothing) {
  auto b = make_postgres_backend();
  auto odd = sample_channel("https://x");
  caller with_nul{"k", std::string("a\0b", 3), "", ""};
  CAF_CHECK(!b.channels->put(odd, with_nul));
  CAF_CHECK(!b.channels->get("c1"));
}

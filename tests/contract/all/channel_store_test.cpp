#define CAF_SUITE channel_store
#include <caf/test/unit_test.hpp>

#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

channel sample_channel(const std::string& id) {
  return {id,
          "webhook",
          "https://example.org/" + id,
          {"whsec_new", "whsec_\"old\""},
          false,
          10,
          10};
}

} // namespace

CAF_TEST(a_channel_is_kept_with_its_secrets) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("nothing", b.channels->get("c1"));
    b.say("put", b.channels->put(sample_channel("c1"), me));
    b.say("got", b.channels->get("c1"));
    auto changed = sample_channel("c1");
    changed.secrets.clear();
    changed.url = "https://example.org/moved";
    changed.disabled = true;
    changed.created_at_ms = 99;
    changed.updated_at_ms = 99;
    b.say("changed", b.channels->put(changed, me));
    b.say("created when it was", b.channels->get("c1"));
  });
}

CAF_TEST(a_channel_is_changed_as_it_is_then) {
  EP_SAME_ANSWERS([](backend& b) {
    auto to = [](const std::string& url) {
      return [url](channel& c) -> result<void> {
        c.url = url;
        c.secrets.insert(c.secrets.begin(), "whsec_newer");
        c.secret_ends_at_ms = {5'000'000'000'000, 77};
        return {};
      };
    };
    b.say("nobody", b.channels->change("c1", "channel.changed", to("x"), me));
    CAF_REQUIRE(b.channels->put(sample_channel("c1"), me));
    b.say("changed", b.channels->change("c1", "channel.moved", to("y"), me));
    b.say("kept", b.channels->get("c1"));
    auto refuse = [](channel& c) -> result<void> {
      c.url = "never";
      return failure{errc::conflict, "no"};
    };
    b.say("refused", b.channels->change("c1", "channel.moved", refuse, me));
    b.say("as it was", b.channels->get("c1"));
    b.say("what is told of it", b.audit->query({}));
  });
}

CAF_TEST(channels_are_listed_in_pages) {
  EP_SAME_ANSWERS([](backend& b) {
    for (auto* id : {"b", "a", "C"})
      CAF_REQUIRE(b.channels->put(sample_channel(id), me));
    b.say("all", b.channels->list("", 10));
    b.say("first", b.channels->list("", 1));
    b.say("rest", b.channels->list("C", 10));
  });
}

CAF_TEST(a_channel_that_a_rule_names_stays) {
  EP_SAME_ANSWERS([](backend& b) {
    CAF_REQUIRE(b.channels->put(sample_channel("c1"), me));
    CAF_REQUIRE(b.rules->publish({"r1", "{}", me, {}, {"c1"}}));
    auto refused = b.channels->remove("c1", me);
    b.say("named", refused);
    CAF_CHECK(!refused && refused.error().code == errc::conflict);
    // Only the newest version counts.
    CAF_REQUIRE(b.rules->publish({"r1", "{}", me, {}, {}}));
    b.say("no more", b.channels->remove("c1", me));
    b.say("twice", b.channels->remove("c1", me));
  });
}

CAF_TEST(a_deleted_rule_holds_no_channel) {
  EP_SAME_ANSWERS([](backend& b) {
    CAF_REQUIRE(b.channels->put(sample_channel("c1"), me));
    CAF_REQUIRE(b.rules->publish({"r1", "{}", me, {}, {"c1"}}));
    CAF_REQUIRE(b.rules->remove("r1", me, {}));
    b.say("removed", b.channels->remove("c1", me));
    b.say("gone", b.channels->get("c1"));
  });
}

CAF_TEST(an_id_that_cannot_be_stored_is_refused) {
  auto b = make_postgres_backend();
  auto odd = sample_channel(std::string("a\0b", 3));
  auto put = b.channels->put(odd, me);
  CAF_CHECK(!put && put.error().code == errc::rejected);
  auto got = b.channels->get(odd.id);
  CAF_CHECK(!got && got.error().code == errc::rejected);
}

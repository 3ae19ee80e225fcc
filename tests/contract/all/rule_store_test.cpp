#define CAF_SUITE rule_store
#include <caf/test/unit_test.hpp>

#include "tests/support/sample_events.hpp"
#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

constexpr uint64_t t0 = day_start_ms + 1000;

publish_request publishing(const std::string& id, const std::string& document) {
  return {id, document, {"k", "me \"myself\"", "", ""}, {}, {}};
}

/// Gives a control row its place.
order_key place(backend& b, const lease_token& lease, const std::string& row,
                uint64_t ms) {
  persist_request r;
  r.lease = lease;
  r.controls = {{{0, ms, 0}, row}};
  r.last = r.controls[0].where;
  auto done = b.events->persist(r);
  if (!done || done->batch->controls.size() != 1)
    throw std::runtime_error("not placed");
  return done->batch->controls[0].key;
}

std::string without_time(result<published> p) {
  return p ? render(p->version) + " " + p->control.kind
           : std::string{reason(p.error().code)};
}

} // namespace

CAF_TEST(versions_grow_and_survive_a_delete) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("nothing yet", b.rules->get("r1"));
    b.say("no versions", b.rules->versions("r1"));
    b.say("one",
          without_time(b.rules->publish(publishing("r1", "{\"a\":  1}"))));
    b.say("two", without_time(b.rules->publish(publishing("r1", "{\"a\":2}"))));
    b.say("newest", b.rules->get("r1"));
    b.say("delete", without_time(b.rules->remove("r1", me, {})));
    b.say("gone", b.rules->get("r1"));
    b.say("twice", without_time(b.rules->remove("r1", me, {})));
    b.say("versions", b.rules->versions("r1"));
    b.say("back", without_time(b.rules->publish(publishing("r1", "{}"))));
    b.say("newest", b.rules->newest());
  });
}

CAF_TEST(if_version_must_match_the_present_version) {
  EP_SAME_ANSWERS([](backend& b) {
    auto attempt = [&](const char* what, std::optional<int64_t> version) {
      auto request = publishing("r1", "{}");
      request.if_version = version;
      b.say(what, without_time(b.rules->publish(request)));
    };
    attempt("1 before there is any", 1);
    b.say("nothing was made", b.rules->list("", 10));
    b.say("no version either", b.rules->versions("r1"));
    attempt("0: must not exist", 0);
    attempt("0 again", 0);
    attempt("1", 1);
    attempt("1 again", 1);
    b.say("delete 1", without_time(b.rules->remove("r1", me, 1)));
    b.say("delete 2", without_time(b.rules->remove("r1", me, 2)));
    attempt("0 after the delete", 0);
    b.say("newest", b.rules->get("r1"));
  });
}

CAF_TEST(a_rule_names_only_channels_that_exist) {
  EP_SAME_ANSWERS([](backend& b) {
    auto request = publishing("r1", "{}");
    request.notify = {"c1", "c2"};
    b.say("c1 missing", without_time(b.rules->publish(request)));
    CAF_REQUIRE(
        b.channels->put({"c1", "webhook", "https://x", {}, false, 1, 1}, me));
    auto refused = b.rules->publish(request);
    b.say("c2 missing", without_time(refused));
    CAF_REQUIRE(!refused);
    CAF_CHECK(refused.error().code == errc::invalid);
    CAF_CHECK(refused.error().detail.find("c2") != std::string::npos);
    b.say("nothing was made", b.rules->list("", 10));
    CAF_REQUIRE(
        b.channels->put({"c2", "webhook", "https://y", {}, false, 1, 1}, me));
    b.say("both there", without_time(b.rules->publish(request)));
  });
}

CAF_TEST(a_document_that_is_no_json_is_refused) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("cut", without_time(b.rules->publish(publishing("r1", "{\"a\":"))));
    b.say("two", without_time(b.rules->publish(publishing("r1", "{}, {}"))));
    b.say("nothing", b.rules->list("", 10));
  });
}

CAF_TEST(the_list_has_pages_and_no_tombstones) {
  EP_SAME_ANSWERS([](backend& b) {
    for (auto* id : {"b", "a", "Z", "a-1", "a_1", "\xc3\xa4"})
      CAF_REQUIRE(b.rules->publish(publishing(id, "{}")));
    CAF_REQUIRE(b.rules->remove("a_1", me, {}));
    b.say("all", b.rules->list("", 100));
    b.say("two", b.rules->list("", 2));
    b.say("two more", b.rules->list("a", 2));
    b.say("the rest", b.rules->list("b", 2));
    b.say("newest", b.rules->newest());
  });
}

CAF_TEST(generation_grows_with_every_change) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("at first", b.rules->generation());
    CAF_REQUIRE(b.rules->publish(publishing("r1", "{}")));
    b.say("published", b.rules->generation());
    auto request = publishing("r1", "{}");
    request.if_version = 9;
    b.say("refused", without_time(b.rules->publish(request)));
    b.say("still", b.rules->generation());
    CAF_REQUIRE(b.rules->remove("r1", me, {}));
    b.say("deleted", b.rules->generation());
  });
}

CAF_TEST(a_version_is_in_force_from_its_own_place_on) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    auto one = b.rules->publish(publishing("r1", "{\"v\":1}"));
    auto two = b.rules->publish(publishing("r1", "{\"v\":2}"));
    auto other = b.rules->publish(publishing("r2", "{}"));
    CAF_REQUIRE(one && two && other);
    b.say("none placed", b.rules->in_force({INT64_MAX, 0, 0, 0}));
    auto k1 = place(b, lease, one->control.id, t0);
    auto k2 = place(b, lease, two->control.id, t0 + 10);
    b.say("before all", b.rules->in_force({k1.received_at_ms - 1, 0, 0, 0}));
    b.say("at one", b.rules->in_force(k1));
    auto before_two = k2;
    --before_two.ms;
    b.say("before two", b.rules->in_force(before_two));
    b.say("at two", b.rules->in_force(k2));
    auto gone = b.rules->remove("r1", me, {});
    CAF_REQUIRE(gone);
    auto k3 = place(b, lease, gone->control.id, t0 + 20);
    b.say("at the tombstone", b.rules->in_force(k3));
    b.say("before it", b.rules->in_force(k2));
    b.say("versions", b.rules->versions("r1"));
  });
}

CAF_TEST(a_version_placed_after_its_successor_never_comes_into_force) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    auto one = b.rules->publish(publishing("r1", "{\"v\":1}"));
    auto two = b.rules->publish(publishing("r1", "{\"v\":2}"));
    CAF_REQUIRE(one && two);
    place(b, lease, two->control.id, t0);
    auto late = place(b, lease, one->control.id, t0 + 10);
    b.say("after both", b.rules->in_force(late));
  });
}

CAF_TEST(rows_without_a_place_are_found_again) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    auto one = b.rules->publish(publishing("r1", "{}"));
    auto gone = b.rules->remove("r1", me, {});
    CAF_REQUIRE(one && gone);
    auto ids = [&](int64_t age_ms) {
      std::string out;
      auto rows = b.rules->unplaced(age_ms);
      CAF_REQUIRE(rows);
      for (auto& row : *rows)
        out += row.kind + " " + (row.id == one->control.id ? "1 " : "2 ");
      return out;
    };
    // Both may be of one millisecond; their order is then the id's.
    CAF_REQUIRE_EQUAL(b.rules->unplaced(0)->size(), 2u);
    b.say("too young", ids(60'000));
    place(b, lease, one->control.id, t0);
    b.say("one left", ids(0));
  });
}

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

CAF_TEST(versions_are_read_page_by_page_and_one_by_one) {
  EP_SAME_ANSWERS([](backend& b) {
    auto ids = [](const result<std::vector<rule_version>>& all) {
      std::string out;
      if (all)
        for (auto& v : *all)
          out += std::to_string(v.version) + (v.deleted ? "- " : " ");
      return out;
    };
    CAF_REQUIRE(b.rules->publish(publishing("r1", "{\"a\":1}")));
    CAF_REQUIRE(b.rules->publish(publishing("r1", "{\"a\":2}")));
    CAF_REQUIRE(b.rules->remove("r1", me, {}));
    CAF_REQUIRE(b.rules->publish(publishing("r2", "{}")));
    b.say("first", ids(b.rules->versions("r1", 0, 2)));
    b.say("rest", ids(b.rules->versions("r1", 2, 2)));
    b.say("nothing", ids(b.rules->versions("r1", 3, 2)));
    b.say("unknown", ids(b.rules->versions("r9", 0, 2)));
    auto second = b.rules->version("r1", 2);
    CAF_REQUIRE(second);
    b.say("one", second->document);
    auto gone = b.rules->version("r1", 3);
    CAF_REQUIRE(gone);
    CAF_CHECK(gone->deleted);
    auto none = b.rules->version("r1", 4);
    b.say("none", none);
    CAF_CHECK(!none && none.error().code == errc::not_found);
  });
}

CAF_TEST(the_lag_counts_what_comes_after_the_cursor) {
  EP_SAME_ANSWERS([](backend& b) {
    auto lease = b.lease("p0");
    persist_request r;
    r.lease = lease;
    for (uint64_t i = 1; i <= 3; ++i)
      r.events.push_back({{0, t0 + i, 0},
                          sample_document(std::to_string(i)),
                          "key",
                          static_cast<int64_t>(t0)});
    r.last = r.events.back().where;
    auto done = b.events->persist(r);
    CAF_REQUIRE(done);
    auto lag = [&](const char* what, const std::string& rule) {
      auto found = b.rules->lag(rule);
      CAF_REQUIRE(found);
      b.say(what, std::to_string(found->events));
      CAF_CHECK_EQUAL(found->ms > 0, found->events > 0);
    };
    lag("all of it", "r1");
    outcome_commit c;
    c.lease = b.lease("evaluation");
    cursor first{done->batch->events[0].key(), 0};
    cursor last{done->batch->events[2].key(), 0};
    c.global = cursor_move{{}, first};
    c.rules = {{"ahead", last, false}, {"held", {}, true}};
    CAF_REQUIRE(b.outcomes->commit(c));
    lag("level", "r1");
    lag("ahead", "ahead");
    lag("detached", "held");
  });
}

CAF_TEST(rules_are_applied_together_or_not_at_all) {
  EP_SAME_ANSWERS([](backend& b) {
    auto said = [](const result<std::vector<published>>& all) {
      std::string out;
      if (!all)
        return std::string{reason(all.error().code)};
      for (auto& one : *all)
        out += without_time(one) + '\n';
      return out;
    };
    CAF_REQUIRE(b.rules->publish(publishing("r2", "{}")));
    auto first = publishing("r3", "{\"a\":1}");
    first.if_version = 0;
    auto second = publishing("r1", "{\"a\":2}");
    b.say("all", said(b.rules->apply({first, second}, {{"r2", me, 1}})));
    b.say("in force", b.rules->newest());
    // One precondition fails: the others leave no trace.
    b.say("none", said(b.rules->apply({second, first}, {})));
    b.say("no such rule", said(b.rules->apply({second}, {{"r9", me, {}}})));
    b.say("versions", b.rules->versions("r1"));
    b.say("unplaced", b.rules->unplaced(-1000)->size());
    b.say("audit", b.audit->query({}));
  });
}

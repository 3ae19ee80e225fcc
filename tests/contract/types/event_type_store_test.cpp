#define CAF_SUITE event_type_store
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/limits.hpp"
#include "tests/support/intake_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

event_type_change change(const std::string& type,
                         std::optional<std::string> schema,
                         std::optional<int64_t> expected = {}) {
  return {type, std::move(schema), 7, me, expected};
}

} // namespace

CAF_TEST(there_is_a_generation_before_there_is_a_type) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    auto first = b.event_types->load({});
    b.say("none", first);
    CAF_REQUIRE(first && *first);
    b.say("nothing new", b.event_types->load((**first).version));
  });
}

CAF_TEST(every_change_is_a_version_and_a_generation) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    auto text =
        std::string("{\"title\": \"\\u0000 ä\",\n \"type\":\"object\"}");
    b.say("first", b.event_types->publish(change("a/b", text)));
    b.say("second", b.event_types->publish(change("a/b", "true")));
    b.say("other", b.event_types->publish(change("C", "{}")));
    b.say("got", b.event_types->get("a/b"));
    auto all = b.event_types->load({});
    b.say("all", all);
    b.say("nothing new", b.event_types->load((**all).version));
    b.say("gone", b.event_types->publish(change("a/b", {})));
    b.say("not there", b.event_types->get("a/b"));
    b.say("changed", b.event_types->load((**all).version));
    b.say("gone twice", b.event_types->publish(change("a/b", {})));
    b.say("versions", b.event_types->versions("a/b", {}, 10));
    b.say("older", b.event_types->versions("a/b", 3, 1));
    b.say("back", b.event_types->publish(change("a/b", "false")));
    b.say("unknown", b.event_types->versions("x", {}, 10));
  });
}

CAF_TEST(an_expected_version_must_be_in_force) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    b.say("none expected", b.event_types->publish(change("a", "{}", 0)));
    b.say("one is there", b.event_types->publish(change("a", "{}", 0)));
    b.say("wrong", b.event_types->publish(change("a", "{}", 2)));
    b.say("right", b.event_types->publish(change("a", "{}", 1)));
    b.say("wrong one to delete", b.event_types->publish(change("a", {}, 1)));
    b.say("delete", b.event_types->publish(change("a", {}, 2)));
    b.say("none again", b.event_types->publish(change("a", "{}", 0)));
    b.say("all", b.event_types->load({}));
  });
}

CAF_TEST(types_are_listed_in_pages) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    for (auto* type : {"b", "a", "C", "ä"})
      CAF_REQUIRE(b.event_types->publish(change(type, "{}")));
    CAF_REQUIRE(b.event_types->publish(change("b", {})));
    b.say("all", b.event_types->list("", 10));
    b.say("first", b.event_types->list("", 1));
    b.say("rest", b.event_types->list("C", 10));
  });
}

CAF_TEST(all_schemas_together_are_bounded) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    // A quarter each.
    auto large =
        '"' + std::string(limits::event_types_bytes_max / 4 - 10, 'x') + '"';
    for (auto* type : {"1", "2", "3", "4"})
      CAF_REQUIRE(b.event_types->publish(change(type, large)));
    auto more = b.event_types->publish(change("5", large));
    CAF_CHECK(!more && more.error().code == errc::too_large);
    b.say("replaced", b.event_types->publish(change("4", "{}")));
    b.say("fits now", b.event_types->publish(change("5", "{}")));
  });
}

CAF_TEST(every_change_and_nothing_else_is_audited) {
  EP_SAME_INTAKE_ANSWERS([](intake_backend& b) {
    CAF_REQUIRE(b.event_types->publish(change("a/b", R"({"a":  1})")));
    CAF_REQUIRE(b.event_types->publish(change("a/b", "true")));
    CAF_CHECK(!b.event_types->publish(change("a/b", "{}", 1)));
    CAF_REQUIRE(b.event_types->publish(change("a/b", {})));
    CAF_CHECK(!b.event_types->publish(change("a/b", {})));
    CAF_REQUIRE(b.event_types->publish(change("a/b", "{}")));
    auto all = b.audit->query({});
    CAF_REQUIRE(all);
    CAF_CHECK_EQUAL(all->size(), 4u);
    b.say("all", all);
  });
}

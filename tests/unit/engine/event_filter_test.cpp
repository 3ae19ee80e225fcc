#define CAF_SUITE event_filter
#include "tests/unit/engine/rule_fixture.hpp"

#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/engine/event_filter.hpp"
#include "runtime/core/engine/event_match.hpp"

using namespace eventpulse;
using namespace eventpulse::testing;

namespace {

struct fixture : evaluator_fixture {
  static event_filter filter(std::string_view condition) {
    auto made = event_filter::compile(condition);
    if (auto* wrong = std::get_if<1>(&made))
      CAF_FAIL(wrong->front());
    return std::move(std::get<0>(made));
  }
  static std::vector<std::string> faults(std::string_view condition) {
    auto made = event_filter::compile(condition);
    CAF_REQUIRE_EQUAL(made.index(), 1u);
    return std::get<1>(made);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_filter_tests, fixture)

CAF_TEST(a_filter_holds_where_its_condition_does) {
  auto f = filter("event.data.n > 1 && event.type != ''");
  CAF_CHECK(f.holds(make(1, R"({"n":2})")));
  CAF_CHECK(!f.holds(make(2, R"({"n":1})")));
  CAF_CHECK_EQUAL(f.errors(), 0u);
  CAF_CHECK(!f.holds(make(3, R"({"m":1})")));
  CAF_CHECK_EQUAL(f.errors(), 1u);
  CAF_CHECK(!f.last_error().empty());
}

CAF_TEST(all_that_is_wrong_with_a_condition_is_said_with_its_place) {
  auto open = faults("event.type ==");
  CAF_REQUIRE_EQUAL(open.size(), 1u);
  CAF_CHECK_EQUAL(open[0].substr(0, 4), "1:14");
  CAF_CHECK(faults("'text'")[0].find("must be a bool, not string") !=
            std::string::npos);
  CAF_CHECK_EQUAL(faults("nobody && nothing").size(), 2u);
}

CAF_TEST(all_evaluations_together_are_bounded) {
  auto f = filter("[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b,"
                  "[1,2,3,4,5,6,7,8,9,10].all(c, a + b + c > 0)))");
  const auto e = make(1, "{}");
  CAF_CHECK(f.holds(e));
  size_t looks = 1;
  while (!f.spent() && looks < limits::query_steps_max) {
    f.holds(e);
    ++looks;
  }
  CAF_CHECK(f.spent());
  CAF_CHECK(looks < limits::query_steps_max / 1000);
  CAF_CHECK(!f.holds(e));
}

CAF_TEST(a_rule_is_asked_again_about_one_event) {
  const auto rule = rule_of("{id: r, kind: match, when: 'event.data.n > 1', "
                            "group_by: [event.data.n, event.data.g]}");
  const auto held = match_event(*rule, make(1, R"({"n":2,"g":"a"})"));
  CAF_CHECK(held.holds);
  CAF_CHECK_EQUAL(held.group_json, R"([2,"a"])");
  CAF_CHECK(!match_event(*rule, make(2, R"({"n":1})")).holds);
  const auto no_group = match_event(*rule, make(3, R"({"n":2})"));
  CAF_CHECK(!no_group.holds);
  CAF_CHECK(no_group.error.starts_with("group_by: "));
  const auto failed = match_event(*rule, make(4, "{}"));
  CAF_CHECK(failed.error.starts_with("when: "));
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE level_set
#include <caf/test/unit_test.hpp>

#include "runtime/core/engine/level_set.hpp"

using namespace eventpulse;

namespace {

cursor at(int64_t ms) {
  return {{ms, 0, static_cast<uint64_t>(ms), 0}, ms};
}

const std::vector<uint32_t> none;
const std::vector<uint32_t> one{1};
const std::vector<uint32_t> both{1, 2};

} // namespace

CAF_TEST(a_step_that_concerns_nobody_is_through_at_once) {
  level_set set(at(0));
  set.begin(at(5), none);
  CAF_CHECK(set.global() == at(5));
  CAF_CHECK_EQUAL(set.open_steps(), 0u);
}

CAF_TEST(the_cursor_waits_for_every_concerned_rule) {
  level_set set(at(0));
  auto first = set.begin(at(5), both);
  auto second = set.begin(at(9), one);
  set.answered(1, second);
  CAF_CHECK(set.global() == at(0));
  CAF_CHECK_EQUAL(set.open_steps(), 2u);
  CAF_CHECK(set.oldest_waits_for() == std::vector<uint32_t>{2});
  set.answered(2, first);
  CAF_CHECK(set.global() == at(9));
}

CAF_TEST(a_rule_that_leaves_is_not_waited_for) {
  level_set set(at(0));
  auto first = set.begin(at(5), both);
  set.begin(at(9), both);
  set.leave(2);
  CAF_CHECK(set.global() == at(0));
  set.answered(1, first);
  CAF_CHECK(set.global() == at(5));
  set.answered(1, first + 1);
  CAF_CHECK(set.global() == at(9));
}

CAF_TEST(a_late_deadline_holds_the_step_that_reaches_it) {
  level_set set(at(0));
  auto first = set.begin(at(5), one);
  auto second = set.begin(at(9), none);
  auto third = set.begin(at(20), none);
  CAF_CHECK(set.first_reaching(7, first) == second);
  CAF_CHECK(set.first_reaching(10, first) == third);
  CAF_CHECK(!set.first_reaching(21, first));
  set.concern(second, 1);
  set.answered(1, first);
  CAF_CHECK(set.global() == at(5));
  set.answered(1, second);
  CAF_CHECK(set.global() == at(20));
}

CAF_TEST(answers_of_unknown_rules_change_nothing) {
  level_set set(at(0));
  set.begin(at(5), one);
  set.answered(7, 1);
  set.leave(8);
  CAF_CHECK(set.global() == at(0));
}

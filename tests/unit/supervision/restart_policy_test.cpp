#define CAF_SUITE supervision_policy
#include <caf/test/unit_test.hpp>

#include "runtime/core/supervision/restart_policy.hpp"

#include <limits>
#include <vector>

using namespace eventpulse;
using std::chrono::milliseconds;

namespace {

constexpr restart_back_off plain{milliseconds{100}, milliseconds{1000},
                                 milliseconds{5000}, 0.0};

supervision_policy policy(restart_intensity intensity,
                          restart_back_off back_off = plain) {
  return {restart_strategy::one_for_one, intensity, back_off};
}

} // namespace

CAF_TEST(the_delay_doubles_up_to_its_bound) {
  std::vector<int64_t> seen;
  for (uint32_t n = 1; n <= 7; ++n)
    seen.push_back(restart_delay(plain, n, 0.5).count());
  CAF_CHECK_EQUAL(seen,
                  (std::vector<int64_t>{100, 200, 400, 800, 1000, 1000, 1000}));
}

CAF_TEST(a_row_without_end_waits_the_greatest_delay) {
  auto longest = std::numeric_limits<uint32_t>::max();
  CAF_CHECK_EQUAL(restart_delay(plain, longest, 0.0).count(), 1000);
}

CAF_TEST(jitter_only_shortens) {
  auto b = plain;
  b.jitter = 0.25;
  CAF_CHECK_EQUAL(restart_delay(b, 3, 0.0).count(), 400);
  CAF_CHECK_EQUAL(restart_delay(b, 3, 0.5).count(), 350);
  CAF_CHECK_EQUAL(restart_delay(b, 3, 1.0).count(), 300);
}

CAF_TEST(a_random_number_out_of_range_is_taken_as_the_nearest) {
  auto b = plain;
  b.jitter = 0.5;
  CAF_CHECK_EQUAL(restart_delay(b, 1, -3.0).count(), 100);
  CAF_CHECK_EQUAL(restart_delay(b, 1, 7.0).count(), 50);
}

CAF_TEST(the_sum_of_delays_is_that_of_each) {
  CAF_CHECK_EQUAL(restart_delay_sum(plain, 0).count(), 0);
  CAF_CHECK_EQUAL(restart_delay_sum(plain, 1).count(), 100);
  CAF_CHECK_EQUAL(restart_delay_sum(plain, 5).count(), 2500);
}

CAF_TEST(the_defaults_can_work) {
  CAF_CHECK(check(supervision_policy{}).ok());
  CAF_CHECK(check(child_policy{}, supervision_policy{}).ok());
}

CAF_TEST(delays_that_outlast_the_window_are_refused) {
  // Five restarts in a row wait 2.5 s: a window as long never fills.
  CAF_CHECK(!check(policy({5, milliseconds{2500}})).ok());
  CAF_CHECK(check(policy({5, milliseconds{2501}})).ok());
}

CAF_TEST(bounds_that_make_no_sense_are_refused) {
  CAF_CHECK(check(policy({0, milliseconds{1}})).ok());
  CAF_CHECK(!check(policy({0, milliseconds{0}})).ok());
  CAF_CHECK(!check(policy({1, milliseconds{-1}})).ok());
  auto long_window = std::chrono::hours{24 * 1001};
  CAF_CHECK(check(policy({1000, long_window})).ok());
  CAF_CHECK(!check(policy({1001, long_window})).ok());
  auto refused = [](auto change) {
    auto b = plain;
    change(b);
    return !check(policy({1, milliseconds{60'000}}, b)).ok();
  };
  CAF_CHECK(!refused([](auto&) {}));
  CAF_CHECK(refused([](auto& b) { b.delay_min = milliseconds{-1}; }));
  CAF_CHECK(refused([](auto& b) { b.delay_max = milliseconds{99}; }));
  CAF_CHECK(refused(
      [](auto& b) { b.delay_max = std::chrono::hours{24} + milliseconds{1}; }));
  CAF_CHECK(refused([](auto& b) { b.healthy_after = milliseconds{0}; }));
  CAF_CHECK(refused([](auto& b) { b.jitter = -0.1; }));
  CAF_CHECK(refused([](auto& b) { b.jitter = 0.51; }));
  CAF_CHECK(refused(
      [](auto& b) { b.jitter = std::numeric_limits<double>::quiet_NaN(); }));
}

CAF_TEST(an_intensity_of_ones_own_needs_one_for_one) {
  child_policy own{restart_kind::permanent,
                   restart_intensity{3, milliseconds{10'000}}};
  auto p = policy({5, milliseconds{60'000}});
  CAF_CHECK(check(own, p).ok());
  p.strategy = restart_strategy::one_for_all;
  CAF_CHECK(!check(own, p).ok());
  p.strategy = restart_strategy::rest_for_one;
  CAF_CHECK(!check(own, p).ok());
}

CAF_TEST(an_intensity_of_ones_own_must_outlast_its_delays_too) {
  auto p = policy({5, milliseconds{60'000}});
  child_policy own{restart_kind::permanent,
                   restart_intensity{3, milliseconds{700}}};
  CAF_CHECK(!check(own, p).ok());
  own.own_intensity->within = milliseconds{701};
  CAF_CHECK(check(own, p).ok());
}

CAF_TEST(names_are_those_of_the_documentation) {
  CAF_CHECK_EQUAL(to_string(restart_strategy::one_for_one), "one_for_one");
  CAF_CHECK_EQUAL(to_string(restart_strategy::one_for_all), "one_for_all");
  CAF_CHECK_EQUAL(to_string(restart_strategy::rest_for_one), "rest_for_one");
  CAF_CHECK_EQUAL(to_string(restart_kind::permanent), "permanent");
  CAF_CHECK_EQUAL(to_string(restart_kind::transient), "transient");
  CAF_CHECK_EQUAL(to_string(restart_kind::temporary), "temporary");
}

#define CAF_SUITE access_rate
#include <caf/test/unit_test.hpp>

#include "runtime/core/access/rate.hpp"

#include "runtime/core/base/limits.hpp"

using namespace eventpulse;

namespace {

constexpr int64_t t0 = 1'700'000'000'000;

struct fixture {
  rate_book book{3};
  key_rate rate{10, 1000}; // one each 100 ms
  int64_t now = t0;

  rate_verdict take(const std::string& key = "k") {
    return book.take(key, rate, now);
  }
  int taken(int tries) {
    int out = 0;
    for (int i = 0; i < tries; ++i)
      out += take().allowed;
    return out;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(rates, fixture)

CAF_TEST(a_burst_is_let_in_and_no_more) {
  for (int64_t left = 9; left >= 0; --left) {
    auto v = take();
    CAF_CHECK(v.allowed);
    CAF_CHECK_EQUAL(v.remaining, left);
    CAF_CHECK_EQUAL(v.wait_ms, left > 0 ? 0 : 100);
  }
  auto over = take();
  CAF_CHECK(!over.allowed);
  CAF_CHECK_EQUAL(over.remaining, 0);
  CAF_CHECK_EQUAL(over.wait_ms, 100);
}

CAF_TEST(what_was_used_comes_back_evenly) {
  CAF_CHECK_EQUAL(taken(20), 10);
  now += 99;
  CAF_CHECK(!take().allowed);
  now += 1;
  CAF_CHECK(take().allowed);
  CAF_CHECK(!take().allowed);
  now += 350;
  CAF_CHECK_EQUAL(taken(20), 3);
  now += 3'600'000; // never more than one burst
  CAF_CHECK_EQUAL(taken(20), 10);
}

CAF_TEST(over_any_time_it_is_one_burst_and_the_rate) {
  int let_in = 0;
  for (int i = 0; i < 10'000; ++i, now += 7)
    let_in += take().allowed;
  CAF_CHECK_EQUAL(let_in, 10 + 70'000 / 100 - 1);
}

CAF_TEST(a_refusal_costs_nothing) {
  CAF_CHECK_EQUAL(taken(1000), 10);
  now += 100;
  CAF_CHECK(take().allowed);
}

CAF_TEST(what_a_request_cost_besides_is_paid_before_the_next) {
  CAF_CHECK(take().allowed);
  book.charge("k", rate, 29, now); // a batch of 30
  auto v = book.look("k", rate, now);
  CAF_CHECK(!v.allowed);
  CAF_CHECK_EQUAL(v.wait_ms, 2100);
  now += 2099;
  CAF_CHECK(!take().allowed);
  now += 1;
  CAF_CHECK(take().allowed);
}

CAF_TEST(no_debt_is_longer_than_its_bound) {
  book.charge("k", rate, UINT64_MAX, now);
  now += std::chrono::milliseconds(limits::rate_debt_max).count();
  CAF_CHECK(!take().allowed);
  now += 100;
  CAF_CHECK(take().allowed);
}

CAF_TEST(looking_takes_nothing) {
  for (int i = 0; i < 50; ++i)
    CAF_CHECK_EQUAL(book.look("k", rate, now).remaining, 10);
  CAF_CHECK_EQUAL(book.size(), 0u);
  CAF_CHECK_EQUAL(taken(20), 10);
}

CAF_TEST(a_clock_that_is_set_back_shuts_nobody_out_for_good) {
  CAF_CHECK_EQUAL(taken(20), 10);
  now -= 365 * int64_t{86'400'000};
  CAF_CHECK(!take().allowed);
  now += std::chrono::milliseconds(limits::rate_debt_max).count() + 100;
  CAF_CHECK(take().allowed);
}

CAF_TEST(keys_do_not_share) {
  CAF_CHECK_EQUAL(taken(20), 10);
  CAF_CHECK(take("other").allowed);
}

CAF_TEST(memory_is_bounded_and_full_buckets_are_forgotten_first) {
  CAF_CHECK_EQUAL(taken(20), 10); // k is in use
  for (int i = 0; i < 1000; ++i) {
    now += 150; // the other is full again, k is not
    taken(1);
    CAF_CHECK(take("other " + std::to_string(i)).allowed);
    CAF_CHECK(book.size() <= 3);
  }
  CAF_CHECK(taken(20) < 10);
}

CAF_TEST(with_more_keys_in_use_than_are_remembered_the_freest_goes) {
  for (int used = 1; used <= 4; ++used)
    for (int i = 0; i < used; ++i)
      take("k" + std::to_string(used));
  CAF_CHECK_EQUAL(book.size(), 3u);
  CAF_CHECK_EQUAL(book.look("k1", rate, now).remaining, 10); // forgotten
  CAF_CHECK_EQUAL(book.look("k2", rate, now).remaining, 8);
  CAF_CHECK_EQUAL(book.look("k4", rate, now).remaining, 6);
}

CAF_TEST(the_largest_and_the_slowest_rate_are_exact) {
  rate = {limits::rate_max, 1000};
  for (int64_t i = 0; i < limits::rate_max; ++i)
    if (!take().allowed)
      CAF_FAIL("refused at " << i);
  CAF_CHECK(!take().allowed);
  rate = {1, std::chrono::milliseconds(limits::rate_window_max).count()};
  CAF_CHECK(take("slow").allowed);
  auto v = take("slow");
  CAF_CHECK(!v.allowed);
  CAF_CHECK_EQUAL(v.wait_ms, rate.window_ms);
}

CAF_TEST(the_fields_are_those_of_the_draft) {
  rate = {100, 60'000};
  CAF_CHECK_EQUAL(rate_policy_field(rate), "\"key\";q=100;w=60");
  CAF_CHECK_EQUAL(rate_field(rate, take()), "\"key\";r=99;t=60");
  CAF_CHECK_EQUAL(taken(200), 99);
  auto over = take();
  CAF_CHECK_EQUAL(rate_field(rate, over), "\"key\";r=0;t=1"); // 600 ms
  CAF_CHECK_EQUAL(wait_seconds(over), 1);
  CAF_CHECK_EQUAL(rate_window_text(rate), "1m");
}

CAF_TEST_FIXTURE_SCOPE_END()

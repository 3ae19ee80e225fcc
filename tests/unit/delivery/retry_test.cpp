#define CAF_SUITE delivery_retry
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/time.hpp"
#include "runtime/core/delivery/retry.hpp"

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

constexpr int64_t now = 1'700'000'000'000;
const retry_schedule schedule{{0ms, 5s, 300s}};

outbound_answer with_status(unsigned status,
                            const char* retry_after = nullptr) {
  outbound_answer out;
  out.status = status;
  if (retry_after)
    out.headers = {{"X-Other", "1"}, {"RETRY-after", retry_after}};
  return out;
}

int64_t wait_after(const outbound_answer& answer, uint32_t number,
                   double random = 0) {
  auto verdict = judge(answer, number, schedule, now, random);
  CAF_REQUIRE(verdict.state == delivery_state::pending);
  CAF_REQUIRE(verdict.next_attempt_at_ms);
  CAF_CHECK(!verdict.disable_channel);
  return *verdict.next_attempt_at_ms - now;
}

} // namespace

CAF_TEST(two_hundreds_are_delivered_and_nothing_else_is) {
  for (unsigned status = 0; status < 600; ++status) {
    bool good = status >= 200 && status <= 299;
    CAF_CHECK_EQUAL(is_success(status), good);
    auto verdict = judge(with_status(status), 1, schedule, now, 0.5);
    CAF_CHECK_EQUAL(verdict.state == delivery_state::delivered, good);
    if (good)
      CAF_CHECK(!verdict.next_attempt_at_ms);
  }
}

CAF_TEST(waits_follow_the_schedule_and_end_with_it) {
  CAF_CHECK_EQUAL(wait_after(with_status(500), 1), 5'000);
  CAF_CHECK_EQUAL(wait_after(with_status(0), 2), 300'000);
  auto last = judge(with_status(500), 3, schedule, now, 0);
  CAF_CHECK(last.state == delivery_state::failed);
  CAF_CHECK(!last.next_attempt_at_ms);
  CAF_CHECK(!last.disable_channel);
  // A schedule that was made shorter ends a delivery that is beyond it.
  CAF_CHECK(judge(with_status(500), 9, schedule, now, 0).state ==
            delivery_state::failed);
}

CAF_TEST(chance_lengthens_by_up_to_a_tenth_and_never_shortens) {
  CAF_CHECK_EQUAL(wait_after(with_status(500), 1, 0.5), 5'250);
  CAF_CHECK_EQUAL(wait_after(with_status(500), 1, 0.999999), 5'499);
  CAF_CHECK_EQUAL(wait_after(with_status(503, "100"), 1, 0.5), 105'000);
}

CAF_TEST(gone_fails_at_once_and_disables_the_channel) {
  auto verdict = judge(with_status(410, "1"), 1, schedule, now, 0);
  CAF_CHECK(verdict.state == delivery_state::failed);
  CAF_CHECK(verdict.disable_channel);
  CAF_CHECK(!verdict.next_attempt_at_ms);
}

CAF_TEST(who_wishes_for_less_gets_less) {
  for (unsigned status : {429u, 502u, 504u}) {
    CAF_CHECK(wish_of(status) == receiver_wish::less);
    CAF_CHECK_EQUAL(wait_after(with_status(status), 1), 10'000);
  }
  CAF_CHECK(wish_of(503) == receiver_wish::nothing);
  CAF_CHECK(wish_of(410) == receiver_wish::no_more);
}

CAF_TEST(a_shorter_retry_after_counts_down_to_the_wait_before) {
  const retry_schedule usual{{0ms, 5s, 300s, 1800s}};
  const auto wait = [&](unsigned status, const char* after, uint32_t number) {
    return *judge(with_status(status, after), number, usual, now, 0)
                .next_attempt_at_ms -
           now;
  };
  CAF_CHECK_EQUAL(wait(429, "3", 1), 3'000);
  CAF_CHECK_EQUAL(wait(429, "60", 2), 60'000);
  // So a receiver that is away for long does not use up its attempts.
  CAF_CHECK_EQUAL(wait(503, "1", 2), 5'000);
  CAF_CHECK_EQUAL(wait(503, "1", 3), 300'000);
  // One that cannot be read does not count.
  CAF_CHECK_EQUAL(wait(429, "soon", 1), 10'000);
}

CAF_TEST(retry_after_lengthens_and_is_clamped) {
  CAF_CHECK_EQUAL(wait_after(with_status(503, "120"), 1), 120'000);
  CAF_CHECK_EQUAL(wait_after(with_status(503, "soon"), 1), 5'000);
  CAF_CHECK_EQUAL(wait_after(with_status(503, "86400"), 1), 86'400'000);
  CAF_CHECK_EQUAL(wait_after(with_status(503, "86401"), 1), 86'400'000);
  CAF_CHECK_EQUAL(wait_after(with_status(503, "99999999999999999999999"), 1),
                  86'400'000);
}

CAF_TEST(retry_after_is_seconds_or_a_date) {
  CAF_CHECK(retry_after_ms("0", now) == now);
  CAF_CHECK(retry_after_ms("120", now) == now + 120'000);
  // 1'700'000'000 is Tue, 14 Nov 2023 22:13:20 GMT.
  CAF_CHECK(retry_after_ms("Tue, 14 Nov 2023 22:14:20 GMT", now) ==
            now + 60'000);
  CAF_CHECK(retry_after_ms("Tue, 14 Nov 2023 22:12:20 GMT", now) == now);
  CAF_CHECK(retry_after_ms("Tue, 14 Nov 2034 22:12:20 GMT", now) ==
            now + 86'400'000);
  for (const char* wrong : {"", "-1", "+1", "1.5", "1 ", " 1", "12s", "invalid",
                            "2023-11-14T22:14:20Z", "0x10"})
    CAF_CHECK(!retry_after_ms(wrong, now));
}

CAF_TEST(http_dates_come_in_three_forms) {
  auto expected = parse_rfc3339_ms("1994-11-06T08:49:37Z");
  for (const char* text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994"})
    CAF_CHECK(parse_http_date_ms(text, now) == expected);
  CAF_CHECK(parse_http_date_ms("Sunday, 06-Nov-73 08:49:37 GMT", now) ==
            parse_rfc3339_ms("2073-11-06T08:49:37Z"));
  CAF_CHECK(parse_http_date_ms("Sunday, 06-Nov-74 08:49:37 GMT", now) ==
            parse_rfc3339_ms("1974-11-06T08:49:37Z"));
  CAF_CHECK(parse_http_date_ms("Sun Nov 16 08:49:37 1994", now) ==
            parse_rfc3339_ms("1994-11-16T08:49:37Z"));
}

CAF_TEST(what_is_no_http_date_is_refused) {
  for (const char* wrong :
       {"", "Sun", "Sun, ", "Sun, 06 Nov 1994 08:49:37", // no zone
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 199a 08:49:37 GMT", "Sunday, 06-Nov-9x 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT", "Sun Nov  6 08:49:37 19941",
        "Sun Nov x6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 GMT "})
    CAF_CHECK(!parse_http_date_ms(wrong, now));
}

#define CAF_SUITE base_time
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/time.hpp"

#include <limits>

using namespace eventpulse;

namespace {

// -1 stands for "refused" where the value cannot be negative.
int64_t duration(std::string_view text) {
  return parse_duration_ms(text).value_or(-1);
}

} // namespace

CAF_TEST(times_are_written_in_utc_with_milliseconds) {
  CAF_CHECK_EQUAL(format_rfc3339_ms(0), "1970-01-01T00:00:00.000Z");
  CAF_CHECK_EQUAL(format_rfc3339_ms(1767323045678), "2026-01-02T03:04:05.678Z");
  CAF_CHECK_EQUAL(format_rfc3339_ms(-1), "1969-12-31T23:59:59.999Z");
  CAF_CHECK_EQUAL(format_rfc3339_ms(951782400000), "2000-02-29T00:00:00.000Z");
}

CAF_TEST(times_that_rfc3339_cannot_write_become_the_nearest) {
  CAF_CHECK_EQUAL(format_rfc3339_ms(std::numeric_limits<int64_t>::max()),
                  "9999-12-31T23:59:59.999Z");
  CAF_CHECK_EQUAL(format_rfc3339_ms(std::numeric_limits<int64_t>::min()),
                  "0000-01-01T00:00:00.000Z");
}

CAF_TEST(every_form_of_rfc3339_is_read) {
  auto read = [](std::string_view text) {
    auto ms = parse_rfc3339_ms(text);
    return ms ? format_rfc3339_ms(*ms) : std::string{"refused"};
  };
  CAF_CHECK_EQUAL(read("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05.000Z");
  CAF_CHECK_EQUAL(read("2026-01-02t03:04:05z"), "2026-01-02T03:04:05.000Z");
  CAF_CHECK_EQUAL(read("2026-01-02T03:04:05.6Z"), "2026-01-02T03:04:05.600Z");
  CAF_CHECK_EQUAL(read("2026-01-02T03:04:05.6789999999999999Z"),
                  "2026-01-02T03:04:05.678Z");
  CAF_CHECK_EQUAL(read("1985-04-12T23:20:50.52Z"), "1985-04-12T23:20:50.520Z");
  CAF_CHECK_EQUAL(read("1996-12-19T16:39:57-08:00"),
                  "1996-12-20T00:39:57.000Z");
  CAF_CHECK_EQUAL(read("1937-01-01T12:00:27.87+00:20"),
                  "1937-01-01T11:40:27.870Z");
  CAF_CHECK_EQUAL(read("2018-04-05T17:31:00-00:00"),
                  "2018-04-05T17:31:00.000Z");
  CAF_CHECK_EQUAL(read("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00.000Z");
  CAF_CHECK_EQUAL(read("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000Z");
}

CAF_TEST(a_leap_second_is_the_following_second_and_only_at_the_end_of_a_day) {
  CAF_CHECK(parse_rfc3339_ms("1990-12-31T23:59:60Z") ==
            parse_rfc3339_ms("1991-01-01T00:00:00Z"));
  CAF_CHECK(parse_rfc3339_ms("1990-12-31T15:59:60-08:00") ==
            parse_rfc3339_ms("1991-01-01T00:00:00Z"));
  CAF_CHECK(!parse_rfc3339_ms("1990-12-31T22:59:60Z"));
  CAF_CHECK(!parse_rfc3339_ms("1990-12-31T23:59:61Z"));
}

CAF_TEST(texts_that_are_not_rfc3339_are_refused) {
  for (std::string_view text : {"",
                                "2026",
                                "2026-01-02",
                                "2026-01-02T03:04:05",
                                "2026-01-02 03:04:05Z",
                                "2026-01-02T03:04Z",
                                "2026-13-02T03:04:05Z",
                                "2026-00-02T03:04:05Z",
                                "2026-02-30T03:04:05Z",
                                "2023-02-29T03:04:05Z",
                                "2026-01-00T03:04:05Z",
                                "2026-01-02T24:00:00Z",
                                "2026-01-02T03:60:05Z",
                                "2026-01-02T03:04:05.Z",
                                "2026-01-02T03:04:05+0100",
                                "2026-01-02T03:04:05+24:00",
                                "2026-01-02T03:04:05+01:60",
                                "2026-01-02T03:04:05+1:00",
                                "2026-01-02T03:04:05ZZ",
                                " 2026-01-02T03:04:05Z",
                                "2026-01-02T03:04:05Z ",
                                "26-01-02T03:04:05Z",
                                "-026-01-02T03:04:05Z",
                                "12026-01-02T03:04:05Z",
                                "2026-1-2T03:04:05Z",
                                "2026-01-02T03:04:05,5Z",
                                "yesterday"}) {
    CAF_MESSAGE(text);
    CAF_CHECK(!parse_rfc3339_ms(text));
  }
  CAF_CHECK(!parse_rfc3339_ms(std::string_view("2026-01-02T03:04:05Z\0", 21)));
}

CAF_TEST(written_times_are_read_back_as_they_were) {
  for (int64_t ms = -62167219200000; ms < 253402300800000; ms += 86'399'937'001)
    CAF_REQUIRE_EQUAL(parse_rfc3339_ms(format_rfc3339_ms(ms)).value_or(-7), ms);
}

CAF_TEST(durations_are_sums_of_decimals_with_units) {
  CAF_CHECK_EQUAL(duration("250ms"), 250);
  CAF_CHECK_EQUAL(duration("10s"), 10'000);
  CAF_CHECK_EQUAL(duration("1h30m"), 5'400'000);
  CAF_CHECK_EQUAL(duration("2d"), 172'800'000);
  CAF_CHECK_EQUAL(duration("1.5h"), 5'400'000);
  CAF_CHECK_EQUAL(duration(".5s"), 500);
  CAF_CHECK_EQUAL(duration("5.s"), 5'000);
  CAF_CHECK_EQUAL(duration("0s"), 0);
  CAF_CHECK_EQUAL(duration("0.001s"), 1);
  CAF_CHECK_EQUAL(duration("500us500us"), 1);
  CAF_CHECK_EQUAL(duration("1d1h1m1s1ms"), 90'061'001);
}

CAF_TEST(durations_are_rounded_up_to_the_millisecond) {
  CAF_CHECK_EQUAL(duration("1ns"), 1);
  CAF_CHECK_EQUAL(duration("1000000ns"), 1);
  CAF_CHECK_EQUAL(duration("1000001ns"), 2);
  CAF_CHECK_EQUAL(duration("0.00000000000000000001s"), 1);
}

CAF_TEST(texts_that_are_not_durations_are_refused) {
  for (std::string_view text :
       {"", "5", "s", ".s", "-5s", "+5s", "5 s", " 5s", "5s ", "5S", "5x",
        "1h30", "1e3s", "1..5s", "1.5.5s", "ms", "inf", "5w"}) {
    CAF_MESSAGE(text);
    CAF_CHECK_EQUAL(duration(text), -1);
  }
}

CAF_TEST(a_duration_at_the_range_is_read_and_one_more_is_refused) {
  CAF_CHECK_EQUAL(duration("9223372036854775807ms"), 9223372036854775807);
  CAF_CHECK_EQUAL(duration("9223372036854775808ms"), -1);
  CAF_CHECK_EQUAL(duration("9223372036854775807ms1ns"), -1);
  CAF_CHECK_EQUAL(duration("9223372036854775807ms1ms"), -1);
  CAF_CHECK_EQUAL(duration("106751991167d"), 9223372036828800000);
  CAF_CHECK_EQUAL(duration("106751991168d"), -1);
  CAF_CHECK_EQUAL(duration("99999999999999999999999999s"), -1);
}

CAF_TEST(written_durations_are_short_and_read_back) {
  CAF_CHECK_EQUAL(format_duration_ms(90'000), "1m30s");
  CAF_CHECK_EQUAL(format_duration_ms(0), "0s");
  CAF_CHECK_EQUAL(format_duration_ms(-5), "0s");
  CAF_CHECK_EQUAL(format_duration_ms(86'400'001), "1d1ms");
  for (int64_t ms = 1; ms < 1'000'000'000'000; ms = ms * 3 + 1)
    CAF_CHECK_EQUAL(duration(format_duration_ms(ms)), ms);
}

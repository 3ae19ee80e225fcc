#define CAF_SUITE cel_times
#include <caf/test/unit_test.hpp>

#include "runtime/core/cel/times.hpp"
#include "runtime/core/cel/zones.hpp"

#include <filesystem>
#include <fstream>

using namespace eventpulse::cel;

CAF_TEST(timestamps_read_back_as_they_are_written) {
  for (const auto* text :
       {"1970-01-01T00:00:00Z", "2009-02-13T23:31:30.123456789Z",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
        "2024-02-29T12:00:00.5Z", "1900-03-01T00:00:00Z"}) {
    const auto v = parse_timestamp(text);
    CAF_REQUIRE(!v.is_error());
    CAF_CHECK_EQUAL(timestamp_text(v.seconds(), v.nanos()), text);
  }
}

CAF_TEST(wrong_timestamps_are_errors) {
  for (const auto* text :
       {"", "2009", "2009-02-13", "2009-02-13T23:31:30", "2009-13-01T00:00:00Z",
        "2009-02-29T00:00:00Z", "2009-02-13T24:00:00Z", "2009-02-13T23:60:00Z",
        "2009-02-13T23:31:30.Z", "2009-02-13T23:31:30+2:00",
        "2009-02-13T23:31:30Zx", "0000-12-31T00:00:00Z",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"})
    CAF_CHECK(parse_timestamp(text).is_error());
  CAF_CHECK(checked_timestamp(INT64_MAX, 2'000'000'000).is_error());
}

CAF_TEST(durations_read_back_and_overflow_is_an_error) {
  CAF_CHECK_EQUAL(parse_duration("1h30m").nanoseconds(), 5'400'000'000'000);
  CAF_CHECK_EQUAL(parse_duration("-1.5s").nanoseconds(), -1'500'000'000);
  CAF_CHECK_EQUAL(parse_duration("1ms1us1ns").nanoseconds(), 1'001'001);
  CAF_CHECK_EQUAL(duration_text(-1), "-0.000000001s");
  CAF_CHECK_EQUAL(duration_text(INT64_MIN), "-9223372036.854775808s");
  for (const auto* text : {"", "1", "s", "1x", "1.s1", "-", "1h-30m",
                           "9999999999s", "99999999999999999999999h"})
    CAF_CHECK(parse_duration(text).is_error());
}

CAF_TEST(zones_know_daylight_saving_time_before_and_after_their_tables) {
  const time_zones zones;
  const auto at = [&](const char* zone, const char* time) {
    return zones.offset_at(zone, parse_timestamp(time).seconds()).value_or(-1);
  };
  CAF_CHECK(zones.size() > 300);
  CAF_CHECK_EQUAL(at("Europe/Berlin", "2024-03-31T00:59:59Z"), 3600);
  CAF_CHECK_EQUAL(at("Europe/Berlin", "2024-03-31T01:00:00Z"), 7200);
  CAF_CHECK_EQUAL(at("Europe/Berlin", "2090-07-01T00:00:00Z"), 7200);
  CAF_CHECK_EQUAL(at("Europe/Berlin", "2090-12-01T00:00:00Z"), 3600);
  CAF_CHECK_EQUAL(at("Australia/Sydney", "2090-12-31T00:00:00Z"), 39'600);
  CAF_CHECK_EQUAL(at("Australia/Sydney", "2090-07-01T00:00:00Z"), 36'000);
  CAF_CHECK_EQUAL(at("US/Central", "2009-02-13T23:31:30Z"), -21'600);
  CAF_CHECK_EQUAL(at("Asia/Kathmandu", "2009-02-13T23:31:30Z"), 20'700);
  CAF_CHECK_EQUAL(at("Mars/Olympus", "2009-02-13T23:31:30Z"), -1);
  CAF_CHECK_EQUAL(at("../passwd", "2009-02-13T23:31:30Z"), -1);
}

CAF_TEST(files_that_are_no_zones_are_passed_over) {
  namespace fs = std::filesystem;
  const auto folder = fs::temp_directory_path() / "eventpulse_zones_test";
  fs::create_directories(folder);
  std::ofstream(folder / "short") << "TZif2";
  std::ofstream(folder / "lies") << "TZif2" + std::string(39, '\xff');
  std::ofstream(folder / "text") << "not a zone";
  const time_zones zones{folder.string()};
  fs::remove_all(folder);
  CAF_CHECK_EQUAL(zones.size(), 1u); // UTC
  CAF_CHECK_EQUAL(time_zones{"/no/such/folder"}.size(), 1u);
}

CAF_TEST(fixed_offsets_need_no_source) {
  CAF_CHECK_EQUAL(zone_offset(nullptr, "+05:30", 0).value_or(-1), 19'800);
  CAF_CHECK_EQUAL(zone_offset(nullptr, "-02:00", 0).value_or(-1), -7200);
  CAF_CHECK_EQUAL(zone_offset(nullptr, "02:00", 0).value_or(-1), 7200);
  CAF_CHECK_EQUAL(zone_offset(nullptr, "UTC", 0).value_or(-1), 0);
  CAF_CHECK(!zone_offset(nullptr, "24:00", 0));
  CAF_CHECK(!zone_offset(nullptr, "Europe/Berlin", 0));
}

#define CAF_SUITE operate_retention
#include <caf/test/unit_test.hpp>

#include "runtime/core/operate/retention.hpp"

using namespace eventpulse;

namespace {

constexpr int64_t day = 86'400'000;
constexpr int64_t now = 100 * day;

retention_periods periods() {
  retention_periods out;
  out.events = std::chrono::milliseconds{30 * day};
  out.behind = std::chrono::milliseconds{10 * day};
  return out;
}

} // namespace

CAF_TEST(what_every_rule_has_read_is_needless) {
  CAF_CHECK_EQUAL(needless_before({now - 5, {}}, now, periods()), now - 5);
  CAF_CHECK_EQUAL(needless_before({0, {}}, now, periods()), 0);
}

CAF_TEST(a_rule_that_is_behind_keeps_what_it_has_not_read) {
  evaluation_reach reach{now, {{"a", now - day}, {"b", now - 35 * day}}};
  CAF_CHECK_EQUAL(needless_before(reach, now, periods()), now - 35 * day);
}

CAF_TEST(a_rule_that_is_too_far_behind_is_overtaken) {
  evaluation_reach reach{now, {{"parked", 3 * day}}};
  CAF_CHECK_EQUAL(needless_before(reach, now, periods()), now - 40 * day);
  // It never holds the others' place: what they have not read stays.
  reach.level_ms = now - 60 * day;
  CAF_CHECK_EQUAL(needless_before(reach, now, periods()), now - 60 * day);
}

CAF_TEST(the_gap_of_an_overtaken_rule_is_named_once_a_day) {
  auto letter = overtaken_letter("a \"b\"", 3 * day + 500, 3, 4 * day - 1, now);
  CAF_CHECK_EQUAL(letter.kind, "overtaken");
  CAF_CHECK_EQUAL(
      letter.headers_json,
      R"({"rule":"a \"b\"","after_ms":259200500,"until_ms":345599999})");
  CAF_CHECK(letter.reason.find("of 1970-01-04 were dropped") !=
            std::string::npos);
  CAF_CHECK(letter.reason.find("1970-01-04T00:00:00.500Z") !=
            std::string::npos);
  auto again = overtaken_letter("a \"b\"", 3 * day + 500, 3, 4 * day - 1, 7);
  CAF_CHECK_EQUAL(letter.id, again.id);
  auto next = overtaken_letter("a \"b\"", 3 * day + 500, 4, 5 * day - 1, now);
  CAF_CHECK(letter.id != next.id);
  // Of a later day it has seen nothing at all.
  CAF_CHECK(next.headers_json.find("345600000") != std::string::npos);
}

#define CAF_SUITE base_json_parse
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/json_parse.hpp"

#include <string>

using namespace eventpulse;

namespace {

double number(const std::string& text) {
  boost::system::error_code wrong;
  auto v = parse_kept_json(text, wrong);
  CAF_CHECK(!wrong);
  return wrong ? -1 : v.to_number<double>();
}

} // namespace

CAF_TEST(every_finite_number_is_read_as_what_it_is) {
  for (const auto* zero :
       {"0e999", "0E+999", "-0.00e999", "0e99999999999", "1e-400",
        "1e-2147483648", "1e-99999999999999999999", "12.5E-0099999999999",
        "-3e-99999999999", "0e-99999999999"})
    CAF_CHECK_EQUAL(number(zero), 0.0);
  CAF_CHECK_EQUAL(number("1e3"), 1000.0);
  CAF_CHECK_EQUAL(number("-1.5e-3"), -0.0015);
  CAF_CHECK_EQUAL(number("1e0000000000000003"), 1000.0);
  CAF_CHECK_EQUAL(number("0.001e310"), 1e307);
}

CAF_TEST(what_stands_in_strings_is_left_alone) {
  auto v = parse_kept_json(
      R"({"1e-99999999999":"0e999 \" 1e-99999999999","a":[1e-99999999999,"\\"],)"
      R"("b":1e-99999999999})");
  CAF_CHECK_EQUAL(v.at("1e-99999999999").as_string(),
                  "0e999 \" 1e-99999999999");
  CAF_CHECK_EQUAL(v.at("a").at(0).as_double(), 0.0);
  CAF_CHECK_EQUAL(v.at("a").at(1).as_string(), "\\");
  CAF_CHECK_EQUAL(v.at("b").as_double(), 0.0);
}

CAF_TEST(what_is_no_json_stays_none) {
  for (const auto* text : {"1e", "1e+", "e5", "1e5e5", "[1e-99999999999",
                           "\"1e-99999999999", "--1e5"}) {
    boost::system::error_code wrong;
    parse_kept_json(text, wrong);
    CAF_CHECK(wrong);
  }
}

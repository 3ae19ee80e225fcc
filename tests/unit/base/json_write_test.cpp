#define CAF_SUITE base_json_write
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_write.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace eventpulse;
namespace json = boost::json;

CAF_TEST(doubles_are_written_as_people_write_them) {
  for (const auto& [number, text] :
       std::vector<std::pair<double, std::string>>{{5, "5.0"},
                                                   {-0.0, "-0.0"},
                                                   {0.1, "0.1"},
                                                   {2.5, "2.5"},
                                                   {1e300, "1e+300"},
                                                   {5e-324, "5e-324"},
                                                   {1e22, "1e+22"}})
    CAF_CHECK_EQUAL(json_text(number), text);
}

CAF_TEST(every_double_reads_back_as_itself_and_stays_a_double) {
  for (double d : {5.0, 0.1, 1.0 / 3, 1e300, 5e-324, 123456789.0, 1e15, 1e16,
                   std::numeric_limits<double>::max()}) {
    const auto again = json::parse(json_text(d));
    CAF_REQUIRE(again.is_double());
    CAF_CHECK_EQUAL(again.get_double(), d);
  }
}

CAF_TEST(all_else_is_as_it_was) {
  for (const char* text :
       {"null", "true", "-7", "18446744073709551615", "[]", "{}",
        R"({"a":[1,{"b":"x\"\\\n"},[]],"{":"[","c":{}})", "\"\\u0001é\""})
    CAF_CHECK_EQUAL(json_text(json::parse(text)), text);
  // What JSON has no number for is left to Boost.JSON.
  CAF_CHECK_EQUAL(json_text(std::nan("")),
                  json::serialize(json::value(std::nan(""))));
}

#define CAF_SUITE app_columns
#include <caf/test/unit_test.hpp>

#include "runtime/app/api_command.hpp"

using namespace eventpulse;

namespace {

const boost::json::array items{
    {{"id", "a"}, {"kind", "match"}, {"n", 1}},
    {{"id", "größer"}, {"kind", "two\nlines"}, {"n", nullptr}}};

} // namespace

CAF_TEST(programs_get_tabs_and_no_header) {
  CAF_CHECK_EQUAL(columns_text({"id", "kind", "n"}, items, false),
                  "a\tmatch\t1\ngrößer\ttwo lines\t-\n");
  CAF_CHECK_EQUAL(columns_text({"id"}, {}, false), "");
}

CAF_TEST(people_get_a_header_and_aligned_columns) {
  CAF_CHECK_EQUAL(columns_text({"id", "kind", "n"}, items, true),
                  "id      kind       n\n"
                  "a       match      1\n"
                  "größer  two lines  -\n");
  CAF_CHECK_EQUAL(columns_text({"id"}, {}, true), "");
}

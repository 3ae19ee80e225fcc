#define CAF_SUITE recent_ids_window
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/recent_ids.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

CAF_TEST(an_identity_is_a_duplicate_only_for_a_while) {
  recent_ids ids;
  ids.remember("a", {0, 1'000, 0});
  auto last = 1'000 + limits::recent_ids_ms;
  CAF_CHECK(ids.find("a", last) == position({0, 1'000, 0}));
  CAF_CHECK(!ids.find("a", last + 1));
}

CAF_TEST(the_oldest_identity_is_forgotten_first) {
  recent_ids ids(2);
  ids.remember("a", {0, 1, 0});
  ids.remember("b", {0, 2, 0});
  ids.remember("a", {0, 9, 0}); // the first position stays
  ids.remember("c", {0, 3, 0});
  CAF_CHECK(!ids.find("a"));
  CAF_CHECK(ids.find("b").has_value());
  CAF_CHECK_EQUAL(ids.size(), 2u);
}

#define CAF_SUITE delivery_secret_rotation
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/limits.hpp"
#include "runtime/core/delivery/secret_rotation.hpp"

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

constexpr int64_t t0 = 1'700'000'000'000;
constexpr int64_t hour = 3'600'000;
using texts = std::vector<std::string>;

channel with(const std::string& secret) {
  channel c;
  c.secrets = {secret};
  return c;
}

} // namespace

CAF_TEST(for_the_overlap_both_sign_and_then_the_new_one_alone) {
  auto c = with("a");
  CAF_REQUIRE(rotate_secret(c, "b", t0, 24h).ok());
  CAF_CHECK_EQUAL(signing_secrets(c, t0), (texts{"b", "a"}));
  CAF_CHECK_EQUAL(signing_secrets(c, t0 + 24 * hour - 1), (texts{"b", "a"}));
  CAF_CHECK_EQUAL(signing_secrets(c, t0 + 24 * hour), (texts{"b"}));
}

CAF_TEST(a_secret_without_an_end_signs_for_good) {
  auto c = with("a");
  c.secrets.push_back("older");
  CAF_CHECK_EQUAL(signing_secrets(c, t0), (texts{"a", "older"}));
}

CAF_TEST(each_ends_in_its_own_time) {
  auto c = with("a");
  CAF_REQUIRE(rotate_secret(c, "b", t0, 24h).ok());
  CAF_REQUIRE(rotate_secret(c, "c", t0 + hour, 24h).ok());
  CAF_CHECK_EQUAL(signing_secrets(c, t0 + hour), (texts{"c", "b", "a"}));
  CAF_CHECK_EQUAL(signing_secrets(c, t0 + 24 * hour), (texts{"c", "b"}));
  CAF_CHECK_EQUAL(signing_secrets(c, t0 + 25 * hour), (texts{"c"}));
}

CAF_TEST(a_shorter_overlap_ends_all_of_them_sooner) {
  auto c = with("a");
  CAF_REQUIRE(rotate_secret(c, "b", t0, 24h).ok());
  CAF_REQUIRE(rotate_secret(c, "c", t0, 1h).ok());
  CAF_CHECK_EQUAL(signing_secrets(c, t0 + hour), (texts{"c"}));
  // None at all: what leaked signs no more.
  CAF_REQUIRE(rotate_secret(c, "d", t0, 0s).ok());
  CAF_CHECK_EQUAL(c.secrets, (texts{"d"}));
  CAF_CHECK(c.secret_ends_at_ms.empty());
}

CAF_TEST(what_has_ended_is_forgotten) {
  auto c = with("a");
  CAF_REQUIRE(rotate_secret(c, "b", t0, 1h).ok());
  CAF_REQUIRE(rotate_secret(c, "c", t0 + hour, 1h).ok());
  CAF_CHECK_EQUAL(c.secrets, (texts{"c", "b"}));
}

CAF_TEST(no_more_sign_at_one_time_than_may) {
  auto c = with("0");
  for (size_t i = 1; i < limits::channel_secrets_max; ++i)
    CAF_REQUIRE(rotate_secret(c, std::to_string(i), t0, 24h).ok());
  auto before = c.secrets;
  auto refused = rotate_secret(c, "more", t0, 24h);
  CAF_REQUIRE(!refused.ok());
  CAF_CHECK(refused.error().code == errc::conflict);
  CAF_CHECK_EQUAL(c.secrets, before);
  CAF_CHECK(rotate_secret(c, "more", t0, 0s).ok());
}

CAF_TEST(the_newest_again_is_no_rotation) {
  auto c = with("a");
  CAF_REQUIRE(rotate_secret(c, "b", t0, 24h).ok());
  CAF_REQUIRE(rotate_secret(c, "b", t0 + hour, 24h).ok());
  CAF_CHECK_EQUAL(c.secrets, (texts{"b", "a"}));
  CAF_CHECK_EQUAL(c.secret_ends_at_ms.front(), t0 + 24 * hour);
}

// The whole product at once: the real binary on real servers takes real
// documents in every content type, keeps them, evaluates three rules over them
// and tells a real receiver. What must have come of it is counted anew from
// the table of events, with none of the product's code. Then the same while
// the worker is killed on the way.

#define CAF_SUITE e2e_everything
#include <caf/test/unit_test.hpp>

#include "tests/support/product.hpp"
#include "tests/support/scene.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

struct fixture {
  product p{{{"EVENTPULSE_LOG_LEVEL", "warn"},
             {"EVENTPULSE_OUTBOUND_TIMEOUT", "5s"},
             {"EVENTPULSE_OUTBOUND_DELIVERY_LEASE", "11s"},
             {"EVENTPULSE_LEASE_TTL", "4s"},
             {"EVENTPULSE_LEASE_RENEW", "1s"},
             {"EVENTPULSE_DATABASE_STATEMENT_TIMEOUT", "3s"},
             {"EVENTPULSE_DATABASE_IDLE_TIMEOUT", "3s"}}};
  scene s{p, documents()};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(everything, fixture)

CAF_TEST(every document is kept once and raises what it must) {
  s.set_up();
  crowd senders{p, s.all};
  CAF_REQUIRE_EQUAL(senders.join(), "");
  s.all_are_stored_once_byte_for_byte();
  s.alerts_are_those_counted_anew();
  s.send_last_one();
  s.alerts_are_those_counted_anew();
  s.webhooks_came(true);
}

CAF_TEST(nothing is lost or doubled when the worker is killed on the way) {
  s.set_up();
  crowd senders{p, s.all};
  for (const auto part : {s.sent() / 4, s.sent() / 2}) {
    CAF_REQUIRE(eventually(
        [&] { return s.persisted() > static_cast<int64_t>(part); }, patience));
    CAF_REQUIRE(p.kill_child("worker"));
  }
  CAF_REQUIRE_EQUAL(senders.join(), "");
  s.all_are_stored_once_byte_for_byte();
  s.alerts_are_those_counted_anew();
  s.send_last_one();
  s.alerts_are_those_counted_anew();
  s.webhooks_came(false);
}

CAF_TEST_FIXTURE_SCOPE_END()

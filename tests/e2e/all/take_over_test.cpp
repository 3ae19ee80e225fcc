// Two workers on the same servers: one holds the leases, the other stands by.
// Whatever becomes of the first, the second goes on where it was, and nothing
// that the first still tries takes effect.

#define CAF_SUITE e2e_take_over
#include <caf/test/unit_test.hpp>

#include "tests/support/cluster.hpp"
#include "tests/support/scene.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

/// Enough for windows and alerts on the way, and soon sent.
std::vector<document> every_third_document() {
  std::vector<document> out;
  const auto all = documents();
  for (size_t i = 0; i < all.size(); i += 3)
    out.push_back(all[i]);
  return out;
}

struct fixture {
  cluster p;
  scene s{p, every_third_document()};

  fixture() {
    p.start_worker("first");
    CAF_REQUIRE(eventually([&] { return p.owns("first"); }, patience));
    p.start_worker("second");
    CAF_REQUIRE(p.intake_ready());
    s.set_up();
  }

  void reach(size_t persisted) {
    CAF_REQUIRE(eventually(
        [&] { return s.persisted() > static_cast<int64_t>(persisted); },
        patience));
  }

  void second_takes_over() {
    const auto taken = eventually([&] { return p.owns("second"); }, patience);
    if (!taken)
      CAF_MESSAGE(p.log_of("second"));
    CAF_REQUIRE(taken);
  }

  void all_is_as_it_must_be() {
    s.all_are_stored_once_byte_for_byte();
    s.alerts_are_those_counted_anew();
    s.send_last_one();
    s.alerts_are_those_counted_anew();
    s.webhooks_came(false);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(take_over, fixture)

CAF_TEST(a standby takes over from an owner that was killed) {
  crowd senders{p, s.all};
  reach(s.sent() / 4);
  p.kill("first");
  second_takes_over();
  CAF_REQUIRE_EQUAL(senders.join(), "");
  all_is_as_it_must_be();
  CAF_CHECK_EQUAL(p.number("SELECT max(epoch) FROM lease"), 2);
}

CAF_TEST(an owner that slept finds its writes fenced) {
  crowd senders{p, s.all};
  reach(s.sent() / 4);
  p.process("first").signal(SIGSTOP);
  second_takes_over();
  reach(s.sent() / 2); // the new one is at work when the old one wakes up
  p.process("first").signal(SIGCONT);
  CAF_CHECK(eventually(
      [&] {
        return p.whole_log_of("first").find("event=lease_lost") !=
               std::string::npos;
      },
      patience));
  CAF_REQUIRE_EQUAL(senders.join(), "");
  all_is_as_it_must_be();
  CAF_CHECK(p.owns("second"));
  CAF_CHECK_EQUAL(p.number("SELECT max(epoch) FROM lease"), 2);
  // The old one has not ended over it: it stands by.
  p.kill("second");
  CAF_CHECK(eventually([&] { return p.owns("first"); }, patience));
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE lease_store
#include <caf/test/unit_test.hpp>

#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

CAF_TEST(a_held_lease_is_nobody_elses) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("free", b.leases->acquire("p0", "w1", 1min));
    b.say("held", b.leases->acquire("p0", "w2", 1min));
    b.say("another lease", b.leases->acquire("p1", "w2", 1min));
  });
}

CAF_TEST(the_same_owner_takes_over_from_itself_with_a_new_epoch) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("first", b.leases->acquire("p0", "w1", 1min));
    b.say("again", b.leases->acquire("p0", "w1", 1min));
    b.say("old epoch", b.leases->renew({"p0", 1}, 1min));
    b.say("new epoch", b.leases->renew({"p0", 2}, 1min));
  });
}

CAF_TEST(a_released_lease_is_free_at_once_and_its_epoch_grows) {
  EP_SAME_ANSWERS([](backend& b) {
    auto token = b.lease("p0");
    b.say("release", b.leases->release(token));
    b.say("taken", b.leases->acquire("p0", "w2", 1min));
    b.say("a stale release is harmless", b.leases->release(token));
    b.say("still held", b.leases->acquire("p0", "w3", 1min));
    auto renewed = b.leases->renew(token, 1min);
    b.say("a stale renewal", renewed);
    CAF_CHECK(!renewed && renewed.error().code == errc::fenced);
  });
}

CAF_TEST(an_expired_lease_is_taken_over_and_a_renewed_one_is_not) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("short", b.leases->acquire("p0", "w1", 1ms));
    CAF_REQUIRE(eventually([&] {
      auto taken = b.leases->acquire("p0", "w2", 1ms);
      return taken && *taken && (*taken)->epoch == 2;
    }));
    // It ran out, but nobody took it: renewing keeps it.
    b.say("renewed", b.leases->renew({"p0", 2}, 1min));
    b.say("held", b.leases->acquire("p0", "w3", 1min));
  });
}

CAF_TEST(a_lease_that_never_was_cannot_be_renewed) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("renew", b.leases->renew({"p0", 1}, 1min));
    b.say("release", b.leases->release({"p0", 1}));
  });
}

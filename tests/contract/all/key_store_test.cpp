#define CAF_SUITE key_store
#include <caf/test/unit_test.hpp>

#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

api_key sample_key(const std::string& id, const std::string& name) {
  return {id, name, "hash of " + id, {scope::events_write, scope::admin}, 5,
          {}, {}};
}

} // namespace

CAF_TEST(there_is_a_version_before_there_is_a_key) {
  EP_SAME_ANSWERS([](backend& b) { b.say("none", b.keys->load()); });
}

CAF_TEST(every_change_is_a_new_version) {
  EP_SAME_ANSWERS([](backend& b) {
    auto expiring = sample_key("k2", "two");
    expiring.expires_at_ms = 77;
    expiring.scopes = {};
    expiring.rate = key_rate{100, 60'000};
    b.say("one", b.keys->add(sample_key("k1", "one"), me));
    b.say("two", b.keys->add(expiring, me));
    b.say("loaded", b.keys->load());
    b.say("revoke", b.keys->revoke("k1", 50, me));
    b.say("loaded", b.keys->load());
    b.say("revoked twice", b.keys->revoke("k1", 60, me));
    b.say("the first time counts", b.keys->load());
    b.say("unknown", b.keys->revoke("k9", 60, me));
  });
}

CAF_TEST(a_name_is_free_again_when_its_key_is_revoked) {
  EP_SAME_ANSWERS([](backend& b) {
    b.say("one", b.keys->add(sample_key("k1", "name"), me));
    auto refused = b.keys->add(sample_key("k2", "name"), me);
    b.say("taken", refused);
    CAF_CHECK(!refused && refused.error().code == errc::conflict);
    b.say("unchanged", b.keys->load());
    b.say("revoke", b.keys->revoke("k1", 9, me));
    b.say("free", b.keys->add(sample_key("k2", "name"), me));
    b.say("loaded", b.keys->load());
  });
}

#define CAF_SUITE postgres_channel_secrets
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/postgres/secret_box.hpp"
#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

const std::string secret = "whsec_do_not_tell";

channel sample_channel(const std::string& id) {
  return {id, "webhook", "https://example.org", {secret}, false, 1, 1};
}

} // namespace

CAF_TEST(what_was_sealed_opens_with_the_same_key_for_the_same_channel) {
  postgres::secret_box box{std::string(32, 'k')};
  auto sealed = box.seal("c1", {"one", "two"});
  CAF_REQUIRE(sealed);
  auto opened = box.open("c1", *sealed, box.key_id());
  CAF_REQUIRE(opened);
  CAF_CHECK_EQUAL(*opened, (std::vector<std::string>{"one", "two"}));
  // A new nonce each time: equal secrets do not look equal.
  CAF_CHECK(*box.seal("c1", {"one", "two"}) != *sealed);
}

CAF_TEST(what_was_changed_moved_or_cut_does_not_open) {
  postgres::secret_box box{std::string(32, 'k')};
  auto sealed = *box.seal("c1", {"one"});
  auto refused = [&](const char* channel, const std::string& bytes,
                     const std::string& key_id) {
    auto opened = box.open(channel, bytes, key_id);
    return !opened && opened.error().code == errc::corrupt;
  };
  CAF_CHECK(refused("c2", sealed, box.key_id()));
  CAF_CHECK(refused("c1", sealed, "another key"));
  for (size_t i = 0; i < sealed.size(); ++i) {
    CAF_CHECK(refused("c1", sealed.substr(0, i), box.key_id()));
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CAF_CHECK(refused("c1", changed, box.key_id()));
  }
}

CAF_TEST(secrets_do_not_stand_in_the_table) {
  auto url = migrated_database();
  auto store = postgres::make_channel_store(options_of(url));
  CAF_REQUIRE(store->put(sample_channel("c1"), me));
  pqxx::connection link{url};
  pqxx::work tx{link};
  auto rows = tx.exec("SELECT encode(secrets, 'escape'), channel::text"
                      " FROM channel");
  CAF_REQUIRE_EQUAL(rows.size(), 1u);
  for (int i = 0; i < 2; ++i)
    CAF_CHECK_EQUAL(std::string{rows[0][i].c_str()}.find(secret),
                    std::string::npos);
}

CAF_TEST(without_a_key_only_channels_without_secrets_work) {
  auto o = options_of(migrated_database());
  o.secret_key.clear();
  auto store = postgres::make_channel_store(o);
  auto refused = store->put(sample_channel("c1"), me);
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().code == errc::invalid);
  auto open = sample_channel("c2");
  open.secrets.clear();
  CAF_CHECK(store->put(open, me));
  CAF_CHECK(store->get("c2"));
}

CAF_TEST(an_unreadable_secret_holds_up_no_other_delivery) {
  auto url = migrated_database();
  auto b = make_backend("postgres", options_of(url));
  auto o = options_of(url);
  o.secret_key = std::string(32, 'x');
  auto other = postgres::make_channel_store(o);
  CAF_REQUIRE(other->put(sample_channel("theirs"), me));
  CAF_REQUIRE(b.channels->put(sample_channel("ours"), me));
  auto unreadable = b.channels->get("theirs");
  CAF_REQUIRE(!unreadable);
  CAF_CHECK(unreadable.error().code == errc::corrupt);
  outcome_commit c;
  c.lease = b.lease("evaluation");
  c.worker = "w1";
  c.delivery_lease_ms = 0;
  for (auto* id : {"ours", "theirs"}) {
    delivery d;
    d.id = std::string{"d "} + id;
    d.channel = id;
    c.deliveries.push_back(d);
  }
  CAF_REQUIRE(b.outcomes->commit(c));
  auto due = b.deliveries->claim("webhook", "w1", 10, 1min);
  CAF_REQUIRE(due);
  CAF_REQUIRE_EQUAL(due->size(), 1u);
  CAF_CHECK_EQUAL(due->front().what.id, "d ours");
  auto none = b.deliveries->claim("webhook", "w2", 10, 1min);
  CAF_CHECK(none && none->empty());
}

#define CAF_SUITE delivery_store
#include <caf/test/unit_test.hpp>

#include "tests/support/store_pair.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

/// Deliveries d1 … dN of one channel, created in that order, leased to
/// `worker` for `lease_ms`.
void commit_deliveries(backend& b, int count, const std::string& channel = "c1",
                       int64_t lease_ms = 0) {
  outcome_commit c;
  c.lease = b.lease("evaluation");
  c.worker = "w1";
  c.delivery_lease_ms = lease_ms;
  for (int i = 1; i <= count; ++i) {
    delivery d;
    d.id = "d" + std::to_string(i);
    d.alert = "a1";
    d.channel = channel;
    d.type = "alert.opened";
    d.body = "{}";
    d.created_at_ms = i;
    c.deliveries.push_back(d);
  }
  if (!b.outcomes->commit(c))
    throw std::runtime_error("no commit");
}

void put_channel(backend& b, const std::string& id, bool disabled = false) {
  if (!b.channels->put({id, "webhook", "https://x", {"s"}, disabled, 1, 1}, me))
    throw std::runtime_error("no channel");
}

recorded_attempt attempt_of(const std::string& id, uint32_t number,
                            attempt_verdict verdict) {
  attempt a;
  a.delivery = id;
  a.number = number;
  a.started_at_ms = 100 + number;
  a.duration_ms = 3;
  a.status = 503;
  a.error = "unavailable";
  a.answer_excerpt = std::string("an\0swer \xff", 9);
  return {a, verdict};
}

} // namespace

CAF_TEST(what_is_due_is_claimed_once) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 3);
    b.say("another kind", b.deliveries->claim("mail", "w1", 10, 1min));
    b.say("two", b.deliveries->claim("webhook", "w1", 2, 1min));
    b.say("one more", b.deliveries->claim("webhook", "w2", 10, 1min));
    b.say("none", b.deliveries->claim("webhook", "w3", 10, 1min));
  });
}

CAF_TEST(a_delivery_is_born_leased_to_its_recorder) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 2, "c1", 60'000);
    b.say("a sweep", b.deliveries->claim("webhook", "w2", 10, 1min));
    b.say("another worker", b.deliveries->take({"d1", "d2"}, "w2", 1min));
    b.say("its own", b.deliveries->take({"d2", "d1", "d9"}, "w1", 1min));
    b.say("a release of another's", b.deliveries->release({"d1"}, "w2"));
    b.say("still leased", b.deliveries->claim("webhook", "w2", 10, 1min));
    b.say("release", b.deliveries->release({"d1"}, "w1"));
    b.say("free", b.deliveries->claim("webhook", "w2", 10, 1min));
  });
}

CAF_TEST(a_lease_that_ran_out_is_anybodys) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 1);
    b.say("claimed", b.deliveries->claim("webhook", "w1", 10, 1ms));
    CAF_REQUIRE(eventually([&] {
      auto again = b.deliveries->claim("webhook", "w2", 10, 1min);
      return again && again->size() == 1;
    }));
    b.say("all", b.deliveries->query({}));
  });
}

CAF_TEST(attempts_are_recorded_with_what_follows) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 3);
    b.say("claimed", b.deliveries->claim("webhook", "w1", 10, 1min));
    std::vector<recorded_attempt> all{
        attempt_of("d1", 1, {delivery_state::delivered, {}, false}),
        attempt_of("d2", 1,
                   {delivery_state::pending, real_now_ms() + 60'000, false}),
        attempt_of("d3", 1, {delivery_state::failed, {}, true}),
        attempt_of("unknown", 1, {delivery_state::failed, {}, false})};
    b.say("recorded", b.deliveries->record(all));
    b.say("stories", b.deliveries->query({}));
    auto to = b.channels->get("c1");
    CAF_REQUIRE(to);
    CAF_CHECK(to->disabled);
    b.say("again", b.deliveries->record(all));
    b.say("nothing doubled", b.deliveries->query({}));
    b.say("not due", b.deliveries->claim("webhook", "w1", 10, 1min));
  });
}

CAF_TEST(what_was_delivered_stays_delivered) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 2);
    attempt_verdict again{delivery_state::pending, 1, false};
    attempt_verdict done{delivery_state::delivered, {}, false};
    attempt_verdict failed{delivery_state::failed, {}, false};
    // Two workers had it in hand: one succeeded, the other comes late.
    b.say("done", b.deliveries->record({attempt_of("d1", 1, done)}));
    b.say("late", b.deliveries->record({attempt_of("d1", 2, again)}));
    b.say("later", b.deliveries->record({attempt_of("d1", 3, failed)}));
    // And the other way round.
    b.say("failed", b.deliveries->record({attempt_of("d2", 1, failed)}));
    b.say("late retry", b.deliveries->record({attempt_of("d2", 2, again)}));
    b.say("late success", b.deliveries->record({attempt_of("d2", 3, done)}));
    b.say("stories", b.deliveries->query({}));
  });
}

CAF_TEST(a_retry_is_due_when_its_time_has_come) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 2);
    b.say("claimed", b.deliveries->claim("webhook", "w1", 10, 1min));
    attempt_verdict past{delivery_state::pending, 1000, false};
    attempt_verdict future{delivery_state::pending, real_now_ms() + 60'000,
                           false};
    b.say("recorded", b.deliveries->record({attempt_of("d1", 1, past),
                                            attempt_of("d2", 1, future)}));
    b.say("due", b.deliveries->claim("webhook", "w2", 10, 1min));
  });
}

CAF_TEST(a_test_is_due_at_once_for_whoever_comes_first) {
  EP_SAME_ANSWERS([](backend& b) {
    delivery d;
    d.id = "t1";
    d.channel = "c1";
    d.type = channel_test_type;
    d.body = "{}";
    d.created_at_ms = 9;
    d.traceparent = "a trace";
    b.say("no such channel", b.deliveries->add_test(d, me));
    put_channel(b, "c1");
    b.say("added", b.deliveries->add_test(d, me));
    b.say("claimed", b.deliveries->claim("webhook", "w2", 10, 1min));
    put_channel(b, "c1", true);
    d.id = "t2";
    auto refused = b.deliveries->add_test(d, me);
    b.say("disabled", refused);
    CAF_CHECK(!refused && refused.error().code == errc::conflict);
    b.say("stories", b.deliveries->query({}));
    audit_query tested;
    tested.action = "channel.tested";
    b.say("told", b.audit->query(tested));
  });
}

CAF_TEST(a_delivery_can_be_tried_anew) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 3, "c1", 60'000);
    attempt_verdict failed{delivery_state::failed, {}, false};
    attempt_verdict later{delivery_state::pending, real_now_ms() + 60'000,
                          false};
    attempt_verdict done{delivery_state::delivered, {}, false};
    b.say("in hand", b.deliveries->retry("d1", me));
    CAF_REQUIRE(b.deliveries->record({attempt_of("d1", 7, failed),
                                      attempt_of("d2", 1, later),
                                      attempt_of("d3", 1, done)}));
    b.say("nothing is due", b.deliveries->claim("webhook", "w2", 10, 1min));
    b.say("failed", b.deliveries->retry("d1", me));
    b.say("waiting", b.deliveries->retry("d2", me));
    b.say("delivered", b.deliveries->retry("d3", me));
    b.say("unknown", b.deliveries->retry("d9", me));
    b.say("both are due", b.deliveries->claim("webhook", "w2", 10, 1min));
    b.say("taken", b.deliveries->retry("d1", me));
    audit_query retried;
    retried.action = "delivery";
    b.say("told", b.audit->query(retried));
  });
}

CAF_TEST(what_has_nowhere_to_go_is_not_tried_anew) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 1);
    attempt_verdict gone{delivery_state::failed, {}, true}; // 410
    CAF_REQUIRE(b.deliveries->record({attempt_of("d1", 1, gone)}));
    auto refused = b.deliveries->retry("d1", me);
    b.say("disabled", refused);
    CAF_CHECK(!refused && refused.error().code == errc::conflict);
    CAF_REQUIRE(b.channels->remove("c1", me));
    refused = b.deliveries->retry("d1", me);
    b.say("gone", refused);
    CAF_CHECK(!refused && refused.error().code == errc::conflict);
    audit_query of;
    of.target = "channel/c1";
    b.say("who disabled it", b.audit->query(of));
  });
}

CAF_TEST(what_has_nowhere_to_go_is_failed_with_the_reason) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1", true);
    commit_deliveries(b, 1);
    commit_deliveries(b, 2, "gone");
    b.say("of another kind", b.deliveries->claim("mail", "w1", 10, 1min));
    b.say("gone is failed, disabled is not ours", b.deliveries->query({}));
    b.say("webhooks", b.deliveries->claim("webhook", "w1", 10, 1min));
    b.say("both failed", b.deliveries->query({}));
  });
}

CAF_TEST(a_taken_delivery_without_a_channel_is_failed) {
  EP_SAME_ANSWERS([](backend& b) {
    commit_deliveries(b, 1, "gone", 60'000);
    b.say("taken", b.deliveries->take({"d1"}, "w1", 1min));
    b.say("failed", b.deliveries->query({}));
  });
}

CAF_TEST(deliveries_are_listed_newest_first_and_filtered) {
  EP_SAME_ANSWERS([](backend& b) {
    put_channel(b, "c1");
    commit_deliveries(b, 4);
    attempt_verdict done{delivery_state::delivered, {}, false};
    CAF_REQUIRE(b.deliveries->record({attempt_of("d2", 1, done)}));
    auto ask = [&](const char* what, auto change) {
      delivery_query q;
      change(q);
      b.say(what, b.deliveries->query(q));
    };
    ask("all", [](auto&) {});
    ask("id", [](auto& q) { q.id = "d3"; });
    ask("alert", [](auto& q) { q.alert = "a2"; });
    ask("channel", [](auto& q) { q.channel = "c1"; });
    ask("state", [](auto& q) { q.state = delivery_state::delivered; });
    ask("type", [](auto& q) { q.type = "alert.opened"; });
    ask("another type", [](auto& q) { q.type = "channel.test"; });
    ask("from", [](auto& q) { q.from_ms = 3; });
    ask("to", [](auto& q) { q.to_ms = 3; });
    ask("page", [](auto& q) {
      q.before = {4, "d4"};
      q.limit = 2;
    });
  });
}

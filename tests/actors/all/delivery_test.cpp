#define CAF_SUITE delivery
#define FAIL CAF_FAIL

// The notifier with its ledger, a sender that the test answers for, and the
// alert_recorder that wakes it.

#include "actors/alert_recorder.hpp"
#include "actors/notifier.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/delivery/sign.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

const std::string secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const std::string older = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=";
const std::string trace =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class held_sender : public sender {
public:
  struct call {
    outbound_request what;
    std::function<void(outbound_answer)> done;
  };
  void send(outbound_request request,
            std::function<void(outbound_answer)> done) override {
    calls.push_back({std::move(request), std::move(done)});
  }
  std::vector<call> calls;
};

struct fixture : actor_fixture {
  std::shared_ptr<held_sender> out = std::make_shared<held_sender>();
  lease_token lease = take_lease("evaluation", "me");
  notifier_actor pool;
  alert_recorder_actor recorder;

  fixture() {
    db->channels["desk"] = {"desk", "webhook", "http://desk/", {secret}, false,
                            0,      0};
  }
  ~fixture() override {
    pool = nullptr;
    recorder = nullptr;
  }

  void start() {
    notifier_setup setup;
    setup.book.open_store = [this] { return memory::make_delivery_store(db); };
    setup.book.worker = "me";
    setup.book.log = log;
    setup.out = out;
    setup.schedule = {{0ms, 5'000ms, 60'000ms}};
    setup.surroundings = surroundings;
    setup.directory = directory;
    setup.log = log;
    setup.detached = false;
    pool = live(sys.spawn(notifier, setup));
    settle();
  }

  void start_recorder() {
    alert_recorder_setup setup;
    setup.open_store = [this] { return memory::make_outcome_store(db); };
    setup.lease = lease;
    setup.worker = "me";
    setup.surroundings = surroundings;
    setup.log = log;
    setup.directory = directory;
    setup.fenced = [] {};
    recorder = live(sys.spawn(alert_recorder, setup));
    settle();
  }

  delivery made(const std::string& id, const std::string& to = "desk") {
    delivery d;
    d.id = id;
    d.alert = "an alert";
    d.channel = to;
    d.type = "alert.opened";
    d.body = "{\"id\":\"" + id + "\"}";
    d.created_at_ms = surroundings->now;
    return d;
  }

  void commit(std::vector<delivery> all, const std::string& worker = "me") {
    outcome_commit what;
    what.lease = lease;
    what.deliveries = std::move(all);
    what.worker = worker;
    CAF_REQUIRE(memory::make_outcome_store(db)->commit(what).ok());
  }

  void wake(std::vector<std::string> ids) {
    caf::anon_send(pool, wake_atom::value, share(std::move(ids)));
    settle();
  }

  void deliver(const std::string& id) {
    commit({made(id)});
    wake({id});
  }

  void answer(size_t call, unsigned status, http_headers headers = {}) {
    outbound_answer a;
    a.status = status;
    a.error = status == 0 ? "refused" : "";
    a.headers = std::move(headers);
    a.body_excerpt = "thanks";
    CAF_REQUIRE(call < out->calls.size());
    out->calls[call].done(a);
    settle();
  }

  memory::database::kept_delivery& kept(const std::string& id) {
    return db->deliveries.at(id);
  }
  std::string header(size_t call, std::string_view name) {
    http_request head;
    head.headers = out->calls[call].what.headers;
    return std::string(find_header(head, name));
  }
};

outcome_commit_ptr moving(int64_t from, int64_t to, std::vector<delivery> all) {
  outcome_commit what;
  what.global = cursor_move{{{from, 0, 0, 0}, from}, {{to, 0, 0, 0}, to}};
  what.deliveries = std::move(all);
  return share(std::move(what));
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(delivery_tests, fixture)

CAF_TEST(what_was_committed_is_sent_signed_and_recorded) {
  start();
  auto d = made("one");
  d.traceparent = trace;
  d.tracestate = "a=b";
  commit({d});
  wake({"one"});
  CAF_REQUIRE_EQUAL(out->calls.size(), 1u);
  auto& sent = out->calls[0].what;
  CAF_CHECK_EQUAL(sent.method, "POST");
  CAF_CHECK_EQUAL(sent.url, "http://desk/");
  CAF_CHECK_EQUAL(sent.body, "{\"id\":\"one\"}");
  CAF_CHECK_EQUAL(header(0, "webhook-id"), "one");
  auto now_s = surroundings->now / 1000;
  CAF_CHECK_EQUAL(header(0, "webhook-timestamp"), std::to_string(now_s));
  CAF_CHECK(verify_webhook(secret, sent.headers, sent.body, now_s).ok());
  auto child = header(0, "traceparent");
  CAF_CHECK(child != trace && child.substr(0, 36) == trace.substr(0, 36));
  CAF_CHECK_EQUAL(header(0, "tracestate"), "a=b");
  CAF_CHECK(kept("one").what.state == delivery_state::pending);
  answer(0, 204);
  CAF_CHECK(kept("one").what.state == delivery_state::delivered);
  CAF_CHECK_EQUAL(kept("one").what.attempt_count, 1u);
  auto& tried = kept("one").attempts.begin()->second;
  CAF_CHECK_EQUAL(tried.status, 204u);
  CAF_CHECK_EQUAL(tried.answer_excerpt, "thanks");
  pass(5s);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(every_secret_of_a_channel_signs) {
  db->channels["desk"].secrets = {secret, older};
  start();
  deliver("one");
  CAF_REQUIRE_EQUAL(out->calls.size(), 1u);
  auto& sent = out->calls[0].what;
  for (auto& each : {secret, older})
    CAF_CHECK(
        verify_webhook(each, sent.headers, sent.body, surroundings->now / 1000)
            .ok());
}

CAF_TEST(a_secret_that_was_replaced_signs_until_its_end) {
  db->channels["desk"].secrets = {secret, older};
  db->channels["desk"].secret_ends_at_ms = {surroundings->now + 60'000};
  start();
  deliver("one");
  pass(60s);
  deliver("two");
  CAF_REQUIRE_EQUAL(out->calls.size(), 2u);
  auto entries = [&](size_t call) {
    auto list = header(call, "webhook-signature");
    return 1 + std::count(list.begin(), list.end(), ' ');
  };
  CAF_CHECK_EQUAL(entries(0), 2);
  CAF_CHECK_EQUAL(entries(1), 1);
  auto& sent = out->calls[1].what;
  auto now_s = surroundings->now / 1000;
  CAF_CHECK(verify_webhook(secret, sent.headers, sent.body, now_s).ok());
  CAF_CHECK(!verify_webhook(older, sent.headers, sent.body, now_s).ok());
}

CAF_TEST(a_test_is_tried_once) {
  start();
  auto d = made("test");
  d.type = channel_test_type;
  d.alert.clear();
  CAF_REQUIRE(memory::make_delivery_store(db)->add_test(d, me).ok());
  pass(1s);
  CAF_REQUIRE_EQUAL(out->calls.size(), 1u);
  answer(0, 500);
  CAF_CHECK(kept("test").what.state == delivery_state::failed);
  pass(60s);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(tried_anew_by_hand_its_schedule_begins_again) {
  start();
  deliver("one");
  answer(0, 500);
  pass(7s);
  answer(1, 500);
  pass(70s);
  answer(2, 500);
  CAF_CHECK(kept("one").what.state == delivery_state::failed);
  CAF_REQUIRE(memory::make_delivery_store(db)->retry("one", me).ok());
  pass(1s);
  CAF_REQUIRE_EQUAL(out->calls.size(), 4u);
  CAF_CHECK_EQUAL(header(3, "webhook-id"), "one");
  answer(3, 500);
  CAF_CHECK(kept("one").what.state == delivery_state::pending);
  pass(7s);
  answer(4, 200);
  CAF_CHECK(kept("one").what.state == delivery_state::delivered);
  CAF_CHECK_EQUAL(kept("one").what.attempt_count, 5u);
}

CAF_TEST(a_failed_attempt_is_made_again_under_the_same_id) {
  start();
  deliver("one");
  answer(0, 500);
  CAF_CHECK(kept("one").what.state == delivery_state::pending);
  CAF_CHECK_EQUAL(kept("one").what.attempt_count, 1u);
  pass(4s);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
  pass(3s);
  CAF_REQUIRE_EQUAL(out->calls.size(), 2u);
  CAF_CHECK_EQUAL(header(1, "webhook-id"), "one");
  CAF_CHECK_EQUAL(out->calls[1].what.body, out->calls[0].what.body);
  answer(1, 0);
  pass(70s);
  CAF_REQUIRE_EQUAL(out->calls.size(), 3u);
  answer(2, 503);
  CAF_CHECK(kept("one").what.state == delivery_state::failed);
  pass(120s);
  CAF_CHECK_EQUAL(out->calls.size(), 3u);
  CAF_CHECK_EQUAL(kept("one").attempts.size(), 3u);
}

CAF_TEST(retry_after_makes_the_wait_longer) {
  start();
  deliver("one");
  answer(0, 429, {{"Retry-After", "30"}});
  pass(29s);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
  pass(7s);
  CAF_CHECK_EQUAL(out->calls.size(), 2u);
}

CAF_TEST(gone_disables_the_channel_and_fails_what_waits_for_it) {
  start();
  deliver("one");
  deliver("two");
  answer(0, 410);
  CAF_CHECK(kept("one").what.state == delivery_state::failed);
  CAF_CHECK(db->channels["desk"].disabled);
  answer(1, 500);
  pass(10s);
  CAF_CHECK(kept("two").what.state == delivery_state::failed);
  CAF_CHECK_EQUAL(out->calls.size(), 2u);
}

CAF_TEST(an_attempt_counts_only_when_it_is_recorded) {
  start();
  break_store("delivery_store.record", failure{errc::unavailable, "away"});
  deliver("one");
  answer(0, 200);
  pass(3s);
  CAF_CHECK(kept("one").what.state == delivery_state::pending);
  CAF_CHECK(logged("event=attempts_retry"));
  // Its lease runs out meanwhile: it is not sent beside the attempt.
  pass(70s);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
  break_store("delivery_store.record", std::nullopt);
  pass(3s);
  CAF_CHECK(kept("one").what.state == delivery_state::delivered);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(the_sweep_finds_what_nobody_woke_for) {
  start();
  commit({made("lost")}, "another worker");
  pass(59s);
  CAF_CHECK(out->calls.empty());
  pass(3s);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(a_database_that_is_away_only_delays) {
  start();
  commit({made("one")});
  break_store("delivery_store.take", failure{errc::unavailable, "away"});
  break_store("delivery_store.claim", failure{errc::unavailable, "away"});
  wake({"one"});
  CAF_CHECK(logged("event=deliveries_not_taken"));
  pass(70s);
  CAF_CHECK(out->calls.empty());
  break_store("delivery_store.claim", std::nullopt);
  pass(2s);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(what_it_cannot_hold_goes_back_and_is_swept_up_later) {
  start();
  std::vector<delivery> all;
  std::vector<std::string> ids;
  for (size_t i = 0; i < limits::deliveries_in_flight_max + 44; ++i) {
    ids.push_back(std::to_string(1000 + i));
    all.push_back(made(ids.back()));
  }
  commit(all);
  wake(ids);
  CAF_CHECK_EQUAL(out->calls.size(), limits::deliveries_in_flight_max);
  CAF_CHECK(kept(ids.back()).leased_by.empty());
  wake({ids.back()}); // no room
  pass(2s);
  CAF_CHECK_EQUAL(out->calls.size(), limits::deliveries_in_flight_max);
  for (size_t i = 0; i < 50; ++i)
    answer(i, 200);
  pass(2s);
  CAF_CHECK_EQUAL(out->calls.size(), ids.size());
}

CAF_TEST(a_wake_for_what_is_in_flight_sends_nothing_twice) {
  start();
  deliver("one");
  wake({"one"});
  wake({"one", "one", "nobody"});
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
  answer(0, 200);
  wake({"one"});
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(a_secret_that_cannot_sign_is_a_failed_attempt) {
  db->channels["desk"].secrets = {"whsec_!"};
  start();
  deliver("one");
  CAF_CHECK(out->calls.empty());
  CAF_CHECK_EQUAL(kept("one").what.attempt_count, 1u);
  CAF_CHECK(!kept("one").attempts.begin()->second.error.empty());
}

CAF_TEST(an_answer_for_nobody_is_ignored) {
  start();
  caf::anon_send(pool, answer_atom::value, std::string("nobody"),
                 share(outbound_answer{}));
  settle();
  deliver("one");
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(after_a_crash_it_is_sent_again_under_the_same_id_when_its_lease_ends) {
  start();
  deliver("one");
  kill(pool);
  answer(0, 200); // comes to nobody
  start();
  pass(30s);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
  pass(32s);
  CAF_REQUIRE_EQUAL(out->calls.size(), 2u);
  CAF_CHECK_EQUAL(header(1, "webhook-id"), "one");
}

CAF_TEST(the_ledger_refuses_what_its_store_refuses) {
  ledger_setup setup;
  setup.open_store = [this] { return memory::make_delivery_store(db); };
  setup.worker = "me";
  setup.log = log;
  auto book = live(sys.spawn(ledger, setup));
  for (auto operation : {"claim", "take", "record", "release"})
    break_store(std::string("delivery_store.") + operation,
                failure{errc::unavailable, "away"});
  auto due = ask<due_deliveries>(book, claim_atom::value,
                                 std::string("webhook"), uint32_t{1});
  CAF_CHECK(!due.ok() && due.error().code == errc::unavailable);
  auto ids = share(std::vector<std::string>{"one"});
  auto taken = ask<due_deliveries>(book, take_atom::value, ids);
  CAF_CHECK(!taken.ok() && taken.error().code == errc::unavailable);
  caf::anon_send(book, release_atom::value, ids);
  settle();
  CAF_CHECK(logged("event=deliveries_not_released"));
  // An attempt is not refused but tried again, and not known when it dies.
  recorded_attempt done;
  done.what.delivery = "one";
  auto request = self->request(book, caf::infinite, record_atom::value,
                               share(std::vector<recorded_attempt>{done}));
  settle();
  kill(book);
  bool unknown = false;
  request.receive([](caf::ok_atom) {},
                  [&](caf::error& e) {
                    unknown = to_failure(e).code == errc::outcome_unknown;
                  });
  CAF_CHECK(unknown);
}

// --- the recorder ------------------------------------------------------------

CAF_TEST(the_notifier_is_woken_when_the_commit_is_done) {
  start();
  start_recorder();
  auto done = ask<caf::ok_atom>(recorder, record_atom::value,
                                moving(0, 1, {made("one")}));
  CAF_CHECK(done.ok());
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(a_commit_that_fails_is_tried_again_in_order) {
  start();
  start_recorder();
  break_store("outcome_store.commit", failure{errc::unavailable, "away"});
  auto one = self->request(recorder, caf::infinite, record_atom::value,
                           moving(0, 1, {made("one")}));
  auto two = self->request(recorder, caf::infinite, record_atom::value,
                           moving(1, 2, {made("two")}));
  settle();
  auto three = self->request(recorder, caf::infinite, record_atom::value,
                             moving(2, 3, {made("three")}));
  pass(3s);
  CAF_CHECK(db->evaluated == cursor{});
  CAF_CHECK(out->calls.empty());
  CAF_CHECK(logged("event=record_retry"));
  break_store("outcome_store.commit", std::nullopt);
  pass(3s);
  size_t answered = 0;
  auto count = [&](auto& request) {
    request.receive([&](caf::ok_atom) { ++answered; },
                    [](caf::error&) { CAF_ERROR("refused"); });
  };
  count(one);
  count(two);
  count(three);
  CAF_CHECK_EQUAL(answered, 3u);
  CAF_CHECK_EQUAL(db->evaluated.timer_ms, 3);
  CAF_CHECK_EQUAL(out->calls.size(), 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

/// Commits, and loses that answer and the next `blind` look-ups.
class forgetful_store : public outcome_store {
public:
  forgetful_store(std::unique_ptr<outcome_store> in, int& lost, int& blind)
      : in_(std::move(in)), lost_(lost), blind_(blind) {}
  result<void> commit(const outcome_commit& what) override {
    auto done = in_->commit(what);
    if (!done || lost_ == 0)
      return done;
    --lost_;
    return {errc::outcome_unknown, "the answer was lost"};
  }
  result<evaluation_start> load_start() override {
    if (blind_ == 0)
      return in_->load_start();
    --blind_;
    return {errc::unavailable, "away"};
  }
  result<void> save_snapshots(const lease_token& lease,
                              const std::vector<rule_snapshot>& all) override {
    return in_->save_snapshots(lease, all);
  }
  result<std::optional<rule_snapshot>>
  load_snapshot(const std::string& rule) override {
    return in_->load_snapshot(rule);
  }
  result<std::vector<alert>> query(const alert_query& q) override {
    return in_->query(q);
  }
  result<action_taken> act(const alert_action& what,
                           const caller& by) override {
    return in_->act(what, by);
  }

private:
  std::unique_ptr<outcome_store> in_;
  int& lost_;
  int& blind_;
};

struct forgetful_fixture : fixture {
  int lost = 1;
  int blind = 0;
  size_t fenced = 0;

  void start_forgetful() {
    start();
    alert_recorder_setup setup;
    setup.open_store = [this] {
      return std::make_unique<forgetful_store>(memory::make_outcome_store(db),
                                               lost, blind);
    };
    setup.lease = lease;
    setup.worker = "me";
    setup.surroundings = surroundings;
    setup.log = log;
    setup.directory = directory;
    setup.fenced = [this] { ++fenced; };
    recorder = live(sys.spawn(alert_recorder, setup));
    settle();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(recorder_tests, forgetful_fixture)

CAF_TEST(an_unknown_outcome_is_settled_by_the_global_cursor) {
  start_forgetful();
  auto done = ask<caf::ok_atom>(recorder, record_atom::value,
                                moving(0, 1, {made("one")}));
  CAF_CHECK(done.ok());
  CAF_CHECK_EQUAL(fenced, 0u);
  CAF_CHECK_EQUAL(out->calls.size(), 1u);
}

CAF_TEST(an_unknown_outcome_is_settled_though_more_has_queued_up) {
  blind = 1;
  start_forgetful();
  auto one = self->request(recorder, caf::infinite, record_atom::value,
                           moving(0, 1, {made("one")}));
  settle();
  auto two = self->request(recorder, caf::infinite, record_atom::value,
                           moving(1, 2, {made("two")}));
  pass(2s);
  CAF_CHECK_EQUAL(fenced, 0u);
  size_t answered = 0;
  for (auto* request : {&one, &two})
    request->receive([&](caf::ok_atom) { ++answered; }, [](caf::error&) {});
  CAF_CHECK_EQUAL(answered, 2u);
  CAF_CHECK_EQUAL(db->evaluated.timer_ms, 2);
}

CAF_TEST(an_unknown_outcome_without_a_cursor_is_simply_repeated) {
  start_forgetful();
  outcome_commit what;
  what.deliveries = {made("one")};
  auto request =
      self->request(recorder, caf::infinite, record_atom::value, share(what));
  pass(1s);
  bool answered = false;
  request.receive([&](caf::ok_atom) { answered = true; }, [](caf::error&) {});
  CAF_CHECK(answered);
  CAF_CHECK_EQUAL(db->deliveries.size(), 1u);
}

CAF_TEST(a_fenced_recorder_refuses_and_tells) {
  lost = 0;
  start_forgetful();
  steal_lease("evaluation");
  auto refused =
      ask<caf::ok_atom>(recorder, record_atom::value, moving(0, 1, {}));
  CAF_CHECK(!refused.ok() && refused.error().code == errc::fenced);
  CAF_CHECK_EQUAL(fenced, 1u);
  auto snapshots = ask<caf::ok_atom>(recorder, snapshot_atom::value,
                                     share(std::vector<rule_snapshot>{}));
  CAF_CHECK(!snapshots.ok() && snapshots.error().code == errc::fenced);
}

CAF_TEST(a_cursor_that_somebody_else_moved_is_a_fence_too) {
  lost = 0;
  start_forgetful();
  auto refused =
      ask<caf::ok_atom>(recorder, record_atom::value, moving(5, 6, {}));
  CAF_CHECK(!refused.ok() && refused.error().code == errc::fenced);
}

CAF_TEST(snapshots_are_saved_after_what_was_recorded_before) {
  lost = 0;
  start_forgetful();
  rule_snapshot snapshot;
  snapshot.rule = "r";
  snapshot.full = true;
  break_store("outcome_store.commit", failure{errc::unavailable, "away"});
  auto one = self->request(recorder, caf::infinite, record_atom::value,
                           moving(0, 1, {}));
  auto two = self->request(recorder, caf::infinite, snapshot_atom::value,
                           share(std::vector<rule_snapshot>{snapshot}));
  pass(1s);
  CAF_CHECK(db->snapshots.empty());
  break_store("outcome_store.commit", std::nullopt);
  pass(3s);
  CAF_CHECK(db->snapshots.contains("r"));
  for (auto* request : {&one, &two})
    request->receive([](caf::ok_atom) {},
                     [](caf::error&) { CAF_ERROR("refused"); });
}

CAF_TEST(what_a_dying_recorder_holds_has_an_unknown_outcome) {
  lost = 0;
  start_forgetful();
  break_store("outcome_store.commit", failure{errc::unavailable, "away"});
  auto request = self->request(recorder, caf::infinite, record_atom::value,
                               moving(0, 1, {}));
  settle();
  kill(recorder);
  bool unknown = false;
  request.receive([](caf::ok_atom) {},
                  [&](caf::error& e) {
                    unknown = to_failure(e).code == errc::outcome_unknown;
                  });
  CAF_CHECK(unknown);
}

CAF_TEST_FIXTURE_SCOPE_END()

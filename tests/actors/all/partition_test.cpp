#define CAF_SUITE partition
#define FAIL CAF_FAIL

// The partition_reader with its persister and waiter, on the memory adapters.

#include "actors/partition_reader.hpp"
#include "runtime/core/base/limits.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

struct records {
  std::string trace; // "insert ack evaluate"
  std::string seen;  // ids in the order in which the router got them
  std::vector<persisted_batch_ptr> batches;
  size_t fenced = 0;
  size_t acks_to_fail = 0;
  std::string refused_id;

  void note(const std::string& what) {
    trace += (trace.empty() ? "" : " ") + what;
  }
};

/// Notes acknowledgements, and fails some.
class noting_log : public partition_log {
public:
  noting_log(std::unique_ptr<partition_log> in, records* r)
      : in_(std::move(in)), r_(r) {}
  result<log_opening> open(const position& tail) override {
    return in_->open(tail);
  }
  result<log_read> read(size_t count_max) override {
    return in_->read(count_max);
  }
  result<void> acknowledge(std::span<const position> handled) override {
    if (r_->acks_to_fail > 0) {
      --r_->acks_to_fail;
      return {errc::unavailable, "no answer"};
    }
    r_->note("ack");
    return in_->acknowledge(handled);
  }
  result<log_numbers> housekeeping() override { return in_->housekeeping(); }

private:
  std::unique_ptr<partition_log> in_;
  records* r_;
};

/// Refuses every batch with an event of this id, as PostgreSQL would.
class refusing_store : public event_store {
public:
  refusing_store(std::unique_ptr<event_store> in, records* r)
      : in_(std::move(in)), r_(r) {}
  result<persist_outcome> persist(const persist_request& request) override {
    for (auto& e : request.events)
      if (e.document.id == r_->refused_id)
        return {errc::rejected, "SQLSTATE 22P02"};
    return in_->persist(request);
  }
  result<partition_state> load_partition(uint32_t partition) override {
    return in_->load_partition(partition);
  }
  result<history_page> read_back(const order_key& after,
                                 std::optional<order_key> until,
                                 size_t limit) override {
    return in_->read_back(after, until, limit);
  }
  result<std::vector<stored_event>> query(const event_query& q) override {
    return in_->query(q);
  }
  result<void> prepare_days(int64_t now_ms, int days) override {
    return in_->prepare_days(now_ms, days);
  }
  result<void> keep_dead_letters(const std::vector<dead_letter>& all) override {
    return in_->keep_dead_letters(all);
  }

private:
  std::unique_ptr<event_store> in_;
  records* r_;
};

/// Takes batches; answers at once, or (holding) when it gets `house`.
rule_router_actor::behavior_type noting_router(rule_router_actor::pointer self,
                                               records* r, bool holding) {
  using credit = caf::typed_response_promise<caf::ok_atom>;
  auto owed = std::make_shared<std::vector<credit>>();
  return {
      [=](batch_atom,
          const persisted_batch_ptr& batch) -> caf::result<caf::ok_atom> {
        r->note("evaluate");
        r->batches.push_back(batch);
        for (auto& e : batch->events)
          r->seen += (r->seen.empty() ? "" : " ") + e.document.id;
        if (!holding)
          return caf::ok_atom::value;
        owed->push_back(self->make_response_promise<caf::ok_atom>());
        return owed->back();
      },
      [](up_atom, const std::string&, uint64_t, const caf::actor&) {},
      [](down_atom, const std::string&, uint64_t, const caf::error&) {},
      [](parked_atom, const std::string&, const caf::error&) {},
      [](found_atom, const std::string&, const caf::actor&) {},
      [=](house_atom) {
        for (auto& answer : *owed)
          answer.deliver(caf::ok_atom::value);
        owed->clear();
      },
      [](snapshot_atom) {},
  };
}

struct fixture : records, actor_fixture {
  partition_reader_actor reader;
  rule_router_actor router;
  lease_token lease = take_lease("p0", "me");

  fixture() {
    db->fault = [this](std::string_view asked) -> std::optional<failure> {
      auto found = broken.find(std::string(asked));
      if (found != broken.end() && found->second)
        return found->second;
      if (asked == "event_store.persist")
        note("insert");
      return std::nullopt;
    };
  }
  ~fixture() override {
    router = nullptr;
    reader = nullptr;
  }

  persister_setup persistence() {
    persister_setup out;
    out.open_store = [this] {
      return std::make_unique<refusing_store>(memory::make_event_store(db),
                                              this);
    };
    out.lease = lease;
    out.surroundings = surroundings;
    out.log = log;
    out.fenced = [this] { ++fenced; };
    return out;
  }

  void start() {
    partition_reader_setup setup;
    setup.open_log = [this](uint32_t p, int64_t epoch) {
      return std::make_unique<noting_log>(
          memory::make_partition_log(stream, p, epoch), this);
    };
    setup.open_waiter = waiters();
    setup.persistence = persistence();
    setup.directory = directory;
    setup.detached = false;
    reader = live(spawn_partition_reader(sys, setup));
    settle();
    trace.clear();
  }

  void start_router(bool holding = false) {
    router = live(sys.spawn(noting_router, this, holding));
    announce("rule_router", caf::actor_cast<caf::actor>(router));
  }

  void answer_batches() {
    caf::anon_send(router, house_atom::value);
    settle();
  }

  /// One read each.
  void add_one_by_one(int first, int last) {
    for (int i = first; i <= last; ++i) {
      append_event(std::to_string(i));
      settle();
    }
  }

  void pg(std::optional<failure> why) { broken["event_store.persist"] = why; }
  failure away{errc::unavailable, "PostgreSQL is away"};

  std::string stored() {
    std::string out;
    for (auto& [key, kept] : db->events)
      out += (out.empty() ? "" : " ") + kept.what.document.id;
    return out;
  }
  log_numbers numbers() { return stream->numbers(0); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(partition_tests, fixture)

CAF_TEST(events_are_inserted_then_acknowledged_then_evaluated) {
  start_router();
  start();
  append_event("a");
  append_event("b");
  settle();
  CAF_CHECK_EQUAL(trace, "insert ack evaluate");
  CAF_CHECK_EQUAL(seen, "a b");
  CAF_CHECK_EQUAL(stored(), "a b");
  CAF_CHECK_EQUAL(numbers().pending, 0u);
}

CAF_TEST(while_the_database_is_away_nothing_is_acknowledged_or_evaluated) {
  start_router();
  start();
  pg(away);
  add_one_by_one(1, 3);
  pass(500ms);
  CAF_CHECK_EQUAL(trace, "");
  // The reads ahead are bounded: the third event is left in the stream.
  CAF_CHECK_EQUAL(numbers().pending, limits::batches_unpersisted_max);
  CAF_CHECK_EQUAL(numbers().lag, 1u);
  CAF_CHECK(logged("event=persist_retry"));
  pg(std::nullopt);
  pass(2s);
  CAF_CHECK_EQUAL(seen, "1 2 3");
  CAF_CHECK_EQUAL(stored(), "1 2 3");
  CAF_CHECK_EQUAL(numbers().pending, 0u);
  CAF_CHECK(db->dead.empty());
}

CAF_TEST(no_more_batches_are_handed_on_than_there_is_credit) {
  start_router(true);
  start();
  auto most = static_cast<int>(limits::batches_unevaluated_max);
  add_one_by_one(1, most + 2);
  pass(3s);
  CAF_CHECK_EQUAL(batches.size(), limits::batches_unevaluated_max);
  CAF_CHECK_EQUAL(numbers().lag, 2u);
  answer_batches();
  pass(1s);
  CAF_CHECK_EQUAL(batches.back()->events.back().document.id,
                  std::to_string(most + 2));
  CAF_CHECK_EQUAL(numbers().lag, 0u);
}

CAF_TEST(without_a_router_batches_wait_for_one) {
  start();
  add_one_by_one(1, 2);
  CAF_CHECK_EQUAL(stored(), "1 2");
  start_router();
  CAF_CHECK_EQUAL(seen, "1 2");
}

CAF_TEST(a_new_router_is_told_what_the_old_one_has_not_answered) {
  start_router(true);
  start();
  add_one_by_one(1, 2);
  answer_batches();
  add_one_by_one(3, 4);
  CAF_CHECK_EQUAL(seen, "1 2 3 4");
  kill(router);
  seen.clear();
  start_router();
  CAF_CHECK_EQUAL(seen, "3 4");
  add_one_by_one(5, 5);
  CAF_CHECK_EQUAL(seen, "3 4 5");
}

CAF_TEST(a_batch_that_cannot_be_acknowledged_is_held_back) {
  start_router();
  start();
  acks_to_fail = 2;
  append_event("a");
  settle();
  CAF_CHECK_EQUAL(trace, "insert");
  CAF_CHECK_EQUAL(seen, "");
  pass(1s);
  CAF_CHECK(trace.starts_with("insert ack evaluate"));
  CAF_CHECK(seen.starts_with("a"));
  CAF_CHECK_EQUAL(stored(), "a");
  CAF_CHECK_EQUAL(numbers().pending, 0u);
}

CAF_TEST(a_log_that_fails_is_opened_again_after_a_wait) {
  start_router();
  start();
  append_event("a");
  stream->fail_next(3);
  settle();
  pass(2s);
  CAF_CHECK(logged("event=stream_retry"));
  CAF_CHECK_EQUAL(seen, "a");
  stream->set_away(true);
  pass(3s);
  stream->set_away(false);
  append_event("b");
  pass(2s);
  CAF_CHECK_EQUAL(seen, "a b");
}

CAF_TEST(a_stream_that_came_back_empty_is_made_again_and_reported) {
  start_router();
  start();
  append_event("a");
  settle();
  stream->wipe();
  pass(2s);
  CAF_CHECK(logged("event=stream_behind"));
  append_event("b");
  pass(1s);
  CAF_CHECK_EQUAL(seen, "a b");
  CAF_CHECK_EQUAL(stored(), "a b");
}

CAF_TEST(a_clock_wish_gives_an_empty_batch_at_its_time) {
  start_router();
  start();
  auto at = surroundings->now + 300;
  caf::anon_send(reader, clock_atom::value, at);
  settle();
  CAF_CHECK(batches.empty());
  pass(400ms);
  CAF_REQUIRE(!batches.empty());
  CAF_CHECK(batches.front()->events.empty());
  CAF_CHECK(batches.front()->clock_ms >= at);
  CAF_CHECK_EQUAL(db->partitions[0].clock_ms, batches.back()->clock_ms);
  auto told = batches.size();
  pass(3s); // nobody wishes any more
  CAF_CHECK_EQUAL(batches.size(), told);
}

CAF_TEST(a_clock_is_not_told_while_there_is_a_backlog) {
  start_router();
  start();
  pg(away);
  append_event("a");
  settle();
  surroundings->now += 1000;
  caf::anon_send(reader, clock_atom::value, surroundings->now);
  settle();
  CAF_CHECK(batches.empty());
  pg(std::nullopt);
  pass(1s);
  CAF_REQUIRE_EQUAL(batches.size(), 2u);
  CAF_CHECK_EQUAL(batches[0]->events.size(), 1u);
  CAF_CHECK(batches[1]->events.empty());
}

CAF_TEST(what_a_dead_reader_held_is_taken_over_first) {
  start();
  pg(away);
  append_event("a");
  settle();
  CAF_CHECK_EQUAL(numbers().pending, 1u);
  kill(reader);
  append_event("b");
  pg(std::nullopt);
  start_router();
  steal_lease("p0");
  ++lease.epoch;
  start();
  CAF_CHECK_EQUAL(seen, "a b");
  CAF_CHECK_EQUAL(numbers().pending, 0u);
}

CAF_TEST(an_entry_that_was_trimmed_while_pending_is_a_dead_letter) {
  start();
  pg(away);
  auto gone = append_event("a");
  settle();
  kill(reader);
  stream->trim(gone);
  pg(std::nullopt);
  start_router();
  start();
  pass(1s);
  auto dead = db->dead_letters();
  CAF_REQUIRE_EQUAL(dead.size(), 1u);
  CAF_CHECK_EQUAL(dead.front().kind, "trimmed");
  CAF_CHECK(dead.front().where == gone);
  CAF_CHECK_EQUAL(numbers().pending, 0u);
}

CAF_TEST(a_fenced_owner_writes_and_reads_nothing_more) {
  start_router();
  start();
  append_event("a");
  settle();
  steal_lease("p0");
  append_event("b");
  pass(3s);
  CAF_CHECK(fenced > 0);
  CAF_CHECK_EQUAL(seen, "a");
  CAF_CHECK_EQUAL(stored(), "a");
  CAF_CHECK_EQUAL(numbers().pending, 1u);
  append_event("c");
  pass(3s);
  CAF_CHECK_EQUAL(numbers().lag, 1u);
  CAF_CHECK(logged("event=partition_halted"));
}

CAF_TEST(a_value_that_the_database_refuses_is_buried_alone) {
  start_router();
  start();
  for (auto id : {"a", "b"})
    append_event(id);
  auto where = append_event("poison");
  refused_id = "poison";
  for (auto id : {"c", "d"})
    append_event(id);
  settle();
  CAF_CHECK_EQUAL(stored(), "a b c d");
  CAF_CHECK_EQUAL(seen, "a b c d");
  auto dead = db->dead_letters();
  CAF_REQUIRE_EQUAL(dead.size(), 1u);
  CAF_CHECK_EQUAL(dead.front().kind, "row");
  CAF_CHECK(dead.front().where == where);
  CAF_CHECK(!dead.front().original.empty());
  CAF_CHECK_EQUAL(times_logged("event=dead_letter"), 1u);
  CAF_CHECK_EQUAL(numbers().pending, 0u);
  CAF_CHECK(db->partitions[0].persisted > where);
}

CAF_TEST(an_entry_that_cannot_be_decoded_is_a_dead_letter_told_of_once) {
  start_router();
  start();
  append_event("a");
  auto where = append({{"k", "e"}, {"h", "no JSON"}});
  append_event("b");
  pg(away);
  settle();
  pass(1s);
  CAF_CHECK_EQUAL(times_logged("event=dead_letter"), 0u);
  pg(std::nullopt);
  pass(2s);
  CAF_CHECK_EQUAL(stored(), "a b");
  auto dead = db->dead_letters();
  CAF_REQUIRE_EQUAL(dead.size(), 1u);
  CAF_CHECK_EQUAL(dead.front().kind, "entry");
  CAF_CHECK(dead.front().where == where);
  CAF_CHECK_EQUAL(times_logged("event=dead_letter"), 1u);
}

CAF_TEST(a_content_duplicate_is_acknowledged_and_not_evaluated) {
  start_router();
  start();
  append_event("a");
  settle();
  append_event("a");
  settle();
  CAF_CHECK_EQUAL(seen, "a");
  CAF_CHECK_EQUAL(stored(), "a");
  CAF_CHECK_EQUAL(numbers().pending, 0u);
}

CAF_TEST(a_control_entry_gives_its_row_a_place) {
  start_router();
  start();
  auto done = memory::make_rule_store(db)->publish({"r", "{}", me, {}, {}});
  CAF_REQUIRE(done.ok());
  append_event("a");
  append(intake::encode(intake::control_mark{done->control.id}));
  settle();
  CAF_REQUIRE_EQUAL(batches.size(), 1u);
  CAF_REQUIRE_EQUAL(batches.front()->controls.size(), 1u);
  CAF_CHECK_EQUAL(batches.front()->controls.front().kind, "rule.published");
  CAF_CHECK(batches.front()->events.front().key() <
            batches.front()->controls.front().key);
}

CAF_TEST(whoever_waits_for_a_persister_that_dies_is_answered) {
  auto alone = live(sys.spawn(persister, persistence()));
  settle();
  auto state = ask<partition_state_ptr>(alone, load_atom::value);
  CAF_REQUIRE(state.ok());
  CAF_CHECK((*state)->persisted == position{});
  broken["event_store.load_partition"] = away;
  auto refused = ask<partition_state_ptr>(alone, load_atom::value);
  CAF_CHECK(!refused.ok() && refused.error().code == errc::unavailable);
  pg(away);
  auto request = self->request(alone, caf::infinite, persist_atom::value,
                               share(log_read{}));
  settle();
  CAF_CHECK(!self->has_next_message());
  kill(alone);
  bool answered = false;
  request.receive([](const persisted_read_ptr&) { CAF_ERROR("persisted"); },
                  [&](caf::error& e) {
                    answered = to_failure(e).code == errc::unavailable;
                  });
  CAF_CHECK(answered);
}

CAF_TEST(a_fenced_write_is_the_only_one_that_is_refused) {
  auto alone = live(sys.spawn(persister, persistence()));
  steal_lease("p0");
  auto refused =
      ask<persisted_read_ptr>(alone, persist_atom::value, share(log_read{}));
  CAF_CHECK(!refused.ok() && refused.error().code == errc::fenced);
  CAF_CHECK_EQUAL(fenced, 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()

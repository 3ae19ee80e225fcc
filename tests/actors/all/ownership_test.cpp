#define CAF_SUITE ownership
#define FAIL CAF_FAIL

// Who holds what: the lease_keeper, the directory, and how a hint becomes a
// message to the rule_catalog.

#include "actors/hint_listener.hpp"
#include "actors/history_reader.hpp"
#include "actors/lease_keeper.hpp"
#include "actors/rule_catalog.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

using throw_atom = caf::atom_constant<caf::atom("throw")>;

struct records {
  size_t starts = 0;
  size_t ends = 0;
  std::vector<bool> told; // what `changed` said
  lease_tokens tokens;    // the guarded one was started with
  caf::actor guarded;
  bool is_stubborn = false; // ends only when it is killed
};

caf::behavior guarded_part(caf::event_based_actor* self, records* r) {
  ++r->starts;
  self->attach_functor([r](const caf::error&) { ++r->ends; });
  if (r->is_stubborn)
    self->set_exit_handler([](caf::exit_msg&) {});
  return {[](throw_atom) { throw std::runtime_error("gave up"); }};
}

struct fixture : records, actor_fixture {
  lease_keeper_actor keeper;
  std::optional<caf::error> ended;

  ~fixture() override {
    if (guarded)
      caf::anon_send_exit(guarded, caf::exit_reason::kill);
    guarded = nullptr;
    keeper = nullptr;
    settle();
  }

  void start(std::vector<std::string> names = {"evaluation", "p0"}) {
    lease_keeper_setup setup;
    setup.open_store = [this] { return memory::make_lease_store(db); };
    setup.names = std::move(names);
    setup.owner = "me";
    setup.start_guarded = [this](caf::local_actor* me,
                                 const lease_tokens& held) {
      tokens = held;
      guarded = me->system().spawn(guarded_part, static_cast<records*>(this));
      return guarded;
    };
    setup.changed = [this](bool held) { told.push_back(held); };
    setup.directory = directory;
    setup.log = log;
    keeper = live(sys.spawn(lease_keeper, setup));
    caf::actor_cast<caf::actor>(keeper)->attach_functor(
        [this](const caf::error& why) { ended = why; });
    settle();
  }

  void other_takes(const std::string& name) {
    auto got = memory::make_lease_store(db)->acquire(name, "other", 10s);
    CAF_REQUIRE(got.ok() && *got);
  }
  std::string owner_of(const std::string& name) {
    auto& lease = db->leases[name];
    return lease.expires_at_ms > surroundings->now ? lease.owner : "";
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(ownership_tests, fixture)

// --- lease_keeper ------------------------------------------------------------

CAF_TEST(with_all_leases_it_starts_what_they_guard) {
  start();
  CAF_CHECK_EQUAL(starts, 1u);
  CAF_CHECK_EQUAL(tokens.size(), 2u);
  CAF_CHECK(tokens.at("p0").epoch > 0);
  CAF_CHECK(told == std::vector<bool>{true});
  pass(60s); // renewed all the time
  CAF_CHECK_EQUAL(owner_of("evaluation"), "me");
  CAF_CHECK_EQUAL(owner_of("p0"), "me");
  CAF_CHECK_EQUAL(starts, 1u);
}

CAF_TEST(while_another_holds_one_it_stands_by_and_takes_over_later) {
  other_takes("p0");
  start();
  pass(5s);
  CAF_CHECK_EQUAL(starts, 0u);
  CAF_CHECK_EQUAL(times_logged("event=standby"), 1u);
  pass(10s); // the other one has stopped renewing
  CAF_CHECK_EQUAL(starts, 1u);
  CAF_CHECK_EQUAL(owner_of("p0"), "me");
}

CAF_TEST(a_lease_that_is_lost_stops_what_it_guarded) {
  start();
  steal_lease("p0");
  pass(3s);
  CAF_CHECK_EQUAL(ends, 1u);
  CAF_CHECK(logged("event=lease_lost"));
  CAF_CHECK(!told.back());
  CAF_CHECK(!ended);
  // The other lease was given back: all or none.
  db->leases["p0"].owner = "other";
  db->leases["p0"].expires_at_ms = surroundings->now + 10'000;
  CAF_CHECK_EQUAL(starts, 1u);
  pass(20s);
  CAF_CHECK_EQUAL(starts, 2u);
  CAF_CHECK(told.back());
}

CAF_TEST(a_fenced_write_makes_it_look_at_once) {
  start();
  steal_lease("evaluation");
  caf::anon_send(keeper, renew_atom::value);
  settle();
  CAF_CHECK_EQUAL(ends, 1u);
}

CAF_TEST(while_what_it_guarded_is_ending_nothing_new_starts) {
  is_stubborn = true;
  start();
  steal_lease("p0");
  pass(30s);
  CAF_CHECK_EQUAL(ends, 0u);
  CAF_CHECK_EQUAL(starts, 1u);
  is_stubborn = false;
  caf::anon_send_exit(guarded, caf::exit_reason::kill);
  pass(4s);
  CAF_CHECK_EQUAL(ends, 1u);
  CAF_CHECK_EQUAL(starts, 2u);
}

CAF_TEST(a_database_that_does_not_answer_costs_no_lease) {
  start();
  break_store("lease_store.renew", failure{errc::unavailable, "away"});
  pass(30s);
  CAF_CHECK_EQUAL(ends, 0u);
  CAF_CHECK(logged("event=lease_not_renewed"));
  break_store("lease_store.renew", std::nullopt);
  pass(4s);
  CAF_CHECK_EQUAL(owner_of("p0"), "me");
}

CAF_TEST(a_database_that_is_away_at_the_start_is_asked_again) {
  break_store("lease_store.acquire", failure{errc::unavailable, "away"});
  start();
  CAF_CHECK_EQUAL(starts, 0u);
  CAF_CHECK(logged("event=lease_not_asked"));
  break_store("lease_store.acquire", std::nullopt);
  pass(4s);
  CAF_CHECK_EQUAL(starts, 1u);
}

CAF_TEST(what_it_guards_failing_ends_it_and_gives_the_leases_back) {
  start();
  caf::anon_send(guarded, throw_atom::value);
  settle();
  CAF_REQUIRE(ended);
  CAF_CHECK(*ended);
  CAF_CHECK(logged("event=guarded_failed"));
  CAF_CHECK_EQUAL(owner_of("p0"), "");
  CAF_CHECK_EQUAL(owner_of("evaluation"), "");
}

CAF_TEST(told_to_end_it_ends_what_it_guards_first) {
  start();
  caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
  settle();
  CAF_CHECK_EQUAL(ends, 1u);
  CAF_REQUIRE(ended);
  CAF_CHECK(*ended == caf::exit_reason::user_shutdown);
  CAF_CHECK_EQUAL(owner_of("p0"), "");
}

CAF_TEST(while_it_ends_its_leases_stay_its_own) {
  is_stubborn = true;
  start();
  caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
  pass(30s); // draining takes longer than a lease lasts
  CAF_CHECK(!ended);
  CAF_CHECK_EQUAL(owner_of("p0"), "me");
  caf::anon_send_exit(guarded, caf::exit_reason::kill);
  settle();
  CAF_CHECK(ended);
  CAF_CHECK_EQUAL(owner_of("p0"), "");
}

// --- directory ---------------------------------------------------------------

namespace {

directory_follower::behavior_type noting_follower(directory_follower::pointer,
                                                  std::vector<caf::actor>* to) {
  return {[to](found_atom, const std::string& name, const caf::actor& who) {
    CAF_CHECK_EQUAL(name, "bearer");
    to->push_back(who);
  }};
}

} // namespace

CAF_TEST(a_follower_is_told_of_the_present_and_every_later_bearer) {
  std::vector<caf::actor> found;
  auto follow = [&] {
    auto follower = live(sys.spawn(noting_follower, &found));
    caf::anon_send(directory, follow_atom::value, std::string("bearer"),
                   caf::actor_cast<caf::actor>(follower));
    settle();
    return follower;
  };
  auto early = follow();
  CAF_CHECK(found.empty());
  auto one = live(sys.spawn(guarded_part, static_cast<records*>(this)));
  announce("bearer", one);
  CAF_CHECK_EQUAL(found.size(), 1u);
  auto late = follow();
  CAF_REQUIRE_EQUAL(found.size(), 2u);
  CAF_CHECK(found[1] == one);
  announce("somebody else", one);
  CAF_CHECK_EQUAL(found.size(), 2u);
  auto two = live(sys.spawn(guarded_part, static_cast<records*>(this)));
  announce("bearer", two);
  CAF_CHECK_EQUAL(found.size(), 4u);
  found.clear();
  kill(early);
  announce("bearer", one);
  CAF_CHECK_EQUAL(found.size(), 1u);
  // A bearer that has ended is not told.
  found.clear();
  kill(one);
  auto last = follow();
  CAF_CHECK(found.empty());
  kill(late);
  kill(last);
}

CAF_TEST(the_directory_keeps_nobody_alive) {
  auto one = sys.spawn(guarded_part, static_cast<records*>(this));
  announce("bearer", one);
  one = nullptr;
  settle();
  CAF_CHECK_EQUAL(ends, 1u);
}

// --- rule_catalog, hint_listener, history_reader -----------------------------

CAF_TEST_FIXTURE_SCOPE_END()

// --- rule_catalog, hint_listener, history_reader -----------------------------

namespace {

struct catalog_fixture : fixture {
  rule_catalog_actor catalog;
  size_t reads = 0;

  ~catalog_fixture() override { catalog = nullptr; }

  void start_catalog() {
    rule_catalog_setup setup;
    setup.open_store = [this] { return memory::make_rule_store(db); };
    setup.log = log;
    catalog = live(sys.spawn(rule_catalog, setup));
    settle();
    db->fault = [this](std::string_view asked) -> std::optional<failure> {
      if (asked == "rule_store.list")
        ++reads;
      auto found = broken.find(std::string(asked));
      return found == broken.end() ? std::nullopt : found->second;
    };
  }

  rule_version version(int64_t number, const std::string& when) {
    rule_version v;
    v.id = "r";
    v.version = number;
    v.document = R"({"id":"r","kind":"match","when":")" + when + "\"}";
    return v;
  }
  result<compiled_rule_ptr> compile(const rule_version& v) {
    return ask<compiled_rule_ptr>(catalog, compile_atom::value, share(v));
  }
  void publish() {
    auto v = version(1, "true");
    CAF_REQUIRE(memory::make_rule_store(db)
                    ->publish({v.id, v.document, me, {}, {}})
                    .ok());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(catalog_tests, catalog_fixture)

CAF_TEST(a_version_is_compiled_once) {
  start_catalog();
  auto one = compile(version(1, "true"));
  auto again = compile(version(1, "true"));
  CAF_REQUIRE(one.ok() && again.ok());
  CAF_CHECK(*one == *again);
  auto two = compile(version(2, "false"));
  CAF_REQUIRE(two.ok());
  CAF_CHECK_EQUAL((*two)->version(), 2);
  auto old = compile(version(1, "true"));
  CAF_REQUIRE(old.ok());
  CAF_CHECK_EQUAL((*old)->version(), 1);
}

CAF_TEST(what_does_not_compile_is_refused_with_its_first_fault) {
  start_catalog();
  auto refused = compile(version(1, "1 +"));
  CAF_REQUIRE(!refused.ok());
  CAF_CHECK(refused.error().code == errc::invalid);
  CAF_CHECK(refused.error().detail.starts_with("r/when"));
  auto broken_json = version(2, "true");
  broken_json.document = "{";
  CAF_CHECK(compile(broken_json).error().code == errc::invalid);
}

CAF_TEST(it_looks_at_intervals_and_reads_only_what_is_new) {
  start_catalog();
  publish();
  pass(6s);
  CAF_CHECK_EQUAL(reads, 1u);
  pass(30s);
  CAF_CHECK_EQUAL(reads, 1u);
}

CAF_TEST(a_hint_makes_it_look_at_once) {
  start_catalog();
  std::function<std::unique_ptr<hint_bus>()> open = [this] {
    return memory::make_hint_bus(stream);
  };
  // A bus that does not block keeps the listener busy: a few of its messages
  // are run by hand, and it is ended.
  auto listener = live(sys.spawn(hint_listener, open, catalog));
  for (int i = 0; i < 5; ++i)
    sched.try_run_once();
  publish();
  CAF_REQUIRE(memory::make_hint_bus(stream)->publish("rules").ok());
  for (int i = 0; i < 5; ++i)
    sched.try_run_once();
  CAF_CHECK_EQUAL(reads, 0u);
  kill(listener);
  CAF_CHECK_EQUAL(reads, 1u);
}

CAF_TEST(a_bus_that_is_away_is_asked_again_after_a_while) {
  start_catalog();
  stream->set_away(true);
  std::function<std::unique_ptr<hint_bus>()> open = [this] {
    return memory::make_hint_bus(stream);
  };
  auto listener = live(sys.spawn(hint_listener, open, catalog));
  pass(4s); // it does not spin: this ends
  kill(listener);
  CAF_CHECK_EQUAL(reads, 0u);
}

CAF_TEST(a_store_that_is_away_is_looked_at_again) {
  start_catalog();
  publish();
  break_store("rule_store.generation", failure{errc::unavailable, "away"});
  pass(6s);
  break_store("rule_store.generation", std::nullopt);
  pass(6s);
  auto known = compile(version(1, "true"));
  CAF_CHECK(known.ok());
}

CAF_TEST(the_history_reader_answers_every_failure_as_it_comes) {
  history_reader_setup setup;
  setup.open_events = [this] { return memory::make_event_store(db); };
  setup.open_outcomes = [this] { return memory::make_outcome_store(db); };
  setup.open_rules = [this] { return memory::make_rule_store(db); };
  auto past = live(sys.spawn(history_reader, setup));
  auto state = ask<evaluation_state_ptr>(past, load_atom::value);
  CAF_REQUIRE(state.ok());
  CAF_CHECK((*state)->in_force.empty());
  auto page =
      ask<history_page_ptr>(past, read_atom::value, order_key{}, uint32_t{10});
  CAF_REQUIRE(page.ok());
  CAF_CHECK(!(*page)->more);
  auto memory =
      ask<rule_memory_ptr>(past, snapshot_atom::value, std::string("r"));
  CAF_REQUIRE(memory.ok());
  CAF_CHECK(!(*memory)->state && (*memory)->open.empty());
  for (auto operation :
       {"event_store.read_back", "outcome_store.query", "rule_store.in_force"})
    break_store(operation, failure{errc::timed_out, "slow"});
  CAF_CHECK(ask<evaluation_state_ptr>(past, load_atom::value).error().code ==
            errc::timed_out);
  CAF_CHECK(
      ask<history_page_ptr>(past, read_atom::value, order_key{}, uint32_t{1})
          .error()
          .code == errc::timed_out);
  CAF_CHECK(ask<rule_memory_ptr>(past, snapshot_atom::value, std::string("r"))
                .error()
                .code == errc::timed_out);
}

CAF_TEST_FIXTURE_SCOPE_END()

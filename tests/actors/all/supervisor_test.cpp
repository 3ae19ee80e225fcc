#define CAF_SUITE supervisor
#define FAIL CAF_FAIL

#include "actors/metered.hpp"
#include "actors/supervisor.hpp"
#include "messages/protocols/errors.hpp"

#include <caf/actor_cast.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <caf/test/dsl.hpp>

using namespace eventpulse;
using namespace std::chrono_literals;

namespace {

using end_atom = caf::atom_constant<caf::atom("end")>;
using throw_atom = caf::atom_constant<caf::atom("throw")>;
using stay_atom = caf::atom_constant<caf::atom("stay")>;

// Outlives the actor system, which is in the other base of the fixture.
struct records {
  metrics counts;
  std::shared_ptr<memory_sink> sink = std::make_shared<memory_sink>();
  std::string trace; // "+a" started, "-a" ended
  std::string news;  // what the listener was told
  std::map<std::string, int> starts;
  std::string broken; // id of the child whose start throws

  static void append(std::string& to, const std::string& what) {
    to += to.empty() ? what : " " + what;
  }

  static std::string take(std::string& from) { return std::exchange(from, {}); }
};

// Ends, throws, or from then on refuses to end, when told so.
caf::behavior tested_child(caf::event_based_actor* me, records* r,
                           std::string id) {
  me->attach_functor(
      [r, id](const caf::error&) { records::append(r->trace, "-" + id); });
  return {
      [me](end_atom) { me->quit(); },
      [](throw_atom) { throw std::runtime_error("boom"); },
      [me](stay_atom) { me->set_exit_handler([](caf::exit_msg&) {}); },
  };
}

child_listener::behavior_type recording_listener(child_listener::pointer,
                                                 records* r) {
  return {
      [r](up_atom, const std::string& id, uint64_t generation,
          const caf::actor& who) {
        CAF_CHECK(who);
        records::append(r->news, "up:" + id + std::to_string(generation));
      },
      [r](down_atom, const std::string& id, uint64_t generation,
          const caf::error& why) {
        records::append(r->news, (why ? "failed:" : "ended:") + id +
                                     std::to_string(generation));
      },
      [r](parked_atom, const std::string& id, const caf::error& why) {
        CAF_CHECK(to_failure(why).code == errc::unavailable);
        records::append(r->news, "parked:" + id);
      },
  };
}

struct fixture : records, test_coordinator_fixture<> {
  supervisor_actor s;
  std::optional<caf::error> ended; // why `s` ended

  ~fixture() override {
    if (s)
      caf::anon_send_exit(s, caf::exit_reason::kill);
    s = nullptr;
    consume_messages();
  }

  child_spec child(std::string id, restart_kind kind = restart_kind::permanent,
                   std::optional<restart_intensity> own = std::nullopt) {
    child_spec spec;
    spec.start = [this, id](caf::local_actor* parent) {
      if (id == broken)
        throw std::runtime_error("password=hunter2 is wrong");
      ++starts[id];
      append(trace, "+" + id);
      return spawn_metered(parent->system(), &counts, "tested", tested_child,
                           this, id);
    };
    spec.id = std::move(id);
    spec.policy = {kind, own};
    spec.actor_kind = "tested";
    return spec;
  }

  supervisor_options options(restart_strategy strategy,
                             restart_intensity intensity = {3, 60s}) {
    supervisor_options o;
    o.name = "top";
    o.policy.strategy = strategy;
    o.policy.intensity = intensity;
    o.policy.back_off = {100ms, 1s, 30s, 0.0};
    o.log = logger{sink, log_level::debug, log_format::logfmt};
    o.counts = &counts;
    return o;
  }

  void boot(supervisor_options o, std::vector<child_spec> children) {
    s = spawn_supervisor(sys, std::move(o), std::move(children));
    caf::actor_cast<caf::actor>(s)->attach_functor(
        [this](const caf::error& reason) { ended = reason; });
    consume_messages();
  }

  void pass(caf::timespan time) {
    advance_time(time);
    consume_messages();
  }

  template <class T, class... Ts>
  result<T> ask(const supervisor_actor& who, const Ts&... what) {
    auto request = self->request(who, caf::infinite, what...);
    consume_messages();
    result<T> out{errc::timed_out};
    if constexpr (std::is_void_v<T>)
      request.receive([&] { out = {}; },
                      [&](caf::error& e) { out = to_failure(e); });
    else
      request.receive([&](T& value) { out = std::move(value); },
                      [&](caf::error& e) { out = to_failure(e); });
    return out;
  }

  caf::actor which(const std::string& id) {
    auto found = ask<caf::actor>(s, which_atom::value, id);
    return found.ok() ? *found : caf::actor{};
  }

  template <class Atom>
  void tell(const std::string& id, Atom what) {
    auto who = which(id);
    CAF_REQUIRE(who);
    caf::anon_send(who, what);
    consume_messages();
  }

  void crash(const std::string& id) { tell(id, throw_atom::value); }

  // The supervisor is told to end and does; virtual time does not pass.
  void shut_down() {
    caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  child_status status(const std::string& id) {
    auto all = ask<child_statuses>(s, children_atom::value);
    CAF_REQUIRE(all.ok());
    for (const auto& c : **all)
      if (c.id == id)
        return c;
    CAF_FAIL("no such child: " << id);
  }

  child_listener listen() {
    auto listener = sys.spawn(recording_listener, this);
    auto subscribed = ask<void>(s, subscribe_atom::value, listener);
    CAF_CHECK(subscribed.ok());
    return listener;
  }

  double counted(const std::string& name) {
    auto text = counts.scrape();
    auto at = text.find("\n" + name + "{kind=\"tested\"} ");
    CAF_REQUIRE(at != text.npos);
    return std::stod(text.substr(text.find("} ", at) + 2));
  }

  bool logged(const std::string& what) {
    for (const auto& line : sink->lines())
      if (line.find(what) != line.npos)
        return true;
    return false;
  }
};

constexpr auto one_for_one = restart_strategy::one_for_one;
constexpr auto one_for_all = restart_strategy::one_for_all;
constexpr auto rest_for_one = restart_strategy::rest_for_one;
constexpr auto permanent = restart_kind::permanent;

} // namespace

CAF_TEST_FIXTURE_SCOPE(supervisor_tests, fixture)

CAF_TEST(children_start_in_order_and_stop_in_reverse) {
  boot(options(one_for_one), {child("a"), child("b"), child("c")});
  CAF_CHECK_EQUAL(take(trace), "+a +b +c");
  shut_down();
  CAF_CHECK_EQUAL(take(trace), "-c -b -a");
  CAF_REQUIRE(ended);
  CAF_CHECK(*ended == caf::exit_reason::user_shutdown);
}

CAF_TEST(one_for_one_restarts_the_failed_child_after_a_growing_wait) {
  boot(options(one_for_one), {child("a"), child("b")});
  auto b = which("b");
  take(trace);
  crash("a");
  CAF_CHECK(!which("a"));
  pass(99ms);
  CAF_CHECK_EQUAL(take(trace), "-a");
  pass(1ms);
  CAF_CHECK_EQUAL(take(trace), "+a");
  CAF_CHECK(which("b") == b);
  crash("a");
  pass(199ms);
  CAF_CHECK_EQUAL(take(trace), "-a");
  pass(1ms);
  CAF_CHECK_EQUAL(take(trace), "+a");
}

CAF_TEST(the_wait_starts_anew_after_a_healthy_run) {
  boot(options(one_for_one), {child("a")});
  crash("a");
  pass(100ms);
  pass(30s);
  crash("a");
  pass(100ms);
  CAF_CHECK_EQUAL(starts["a"], 3);
}

CAF_TEST(the_waits_are_jittered_by_the_seed) {
  auto o = options(one_for_one);
  o.policy.back_off.jitter = 0.5;
  o.seed = 42;
  boot(o, {child("a")});
  crash("a");
  pass(50ms - 1ms);
  CAF_CHECK_EQUAL(starts["a"], 1);
  pass(51ms);
  CAF_CHECK_EQUAL(starts["a"], 2);
}

CAF_TEST(one_for_all_stops_and_starts_everybody) {
  boot(options(one_for_all), {child("a"), child("b"), child("c")});
  take(trace);
  crash("b");
  pass(100ms);
  CAF_CHECK_EQUAL(take(trace), "-b -c -a +a +b +c");
}

CAF_TEST(rest_for_one_stops_and_starts_the_younger) {
  boot(options(rest_for_one), {child("a"), child("b"), child("c")});
  take(trace);
  crash("b");
  pass(100ms);
  CAF_CHECK_EQUAL(take(trace), "-b -c +b +c");
}

CAF_TEST(a_transient_child_is_restarted_only_after_a_failure) {
  boot(options(one_for_one), {child("a", restart_kind::transient)});
  crash("a");
  pass(1s);
  CAF_CHECK_EQUAL(starts["a"], 2);
  tell("a", end_atom::value);
  pass(60s);
  CAF_CHECK_EQUAL(starts["a"], 2);
  CAF_CHECK(status("a").state == child_state::stopped);
}

CAF_TEST(a_temporary_child_is_forgotten) {
  boot(options(one_for_one), {child("a", restart_kind::temporary)});
  crash("a");
  pass(60s);
  CAF_CHECK_EQUAL(starts["a"], 1);
  auto found = ask<caf::actor>(s, which_atom::value, std::string{"a"});
  CAF_CHECK(!found.ok() && found.error().code == errc::not_found);
}

CAF_TEST(a_permanent_child_that_ends_in_peace_is_restarted) {
  boot(options(one_for_one), {child("a")});
  tell("a", end_atom::value);
  pass(100ms);
  CAF_CHECK_EQUAL(starts["a"], 2);
}

CAF_TEST(too_many_restarts_end_the_supervisor_with_the_cause) {
  boot(options(one_for_one), {child("a"), child("b")});
  for (int i = 0; i < 3; ++i) {
    crash("a");
    pass(1s);
  }
  CAF_CHECK_EQUAL(starts["a"], 4);
  take(trace);
  crash("a");
  CAF_CHECK_EQUAL(take(trace), "-a -b");
  CAF_REQUIRE(ended);
  auto why = to_failure(*ended);
  CAF_CHECK(why.code == errc::internal);
  CAF_CHECK(why.detail.starts_with("top gives up: more than 3 restarts within "
                                   "1m, the last of a: "));
  CAF_CHECK(logged("event=supervisor_gives_up"));
}

CAF_TEST(the_window_slides) {
  boot(options(one_for_one), {child("a")});
  for (int i = 0; i < 10; ++i) {
    crash("a");
    pass(31s);
  }
  CAF_CHECK_EQUAL(starts["a"], 11);
  CAF_CHECK(!ended);
}

CAF_TEST(a_parent_restarts_a_supervisor_that_gave_up) {
  auto inner = options(one_for_one, {0, 60s});
  inner.name = "inner";
  boot(options(one_for_one),
       {child("a"), nested_supervisor("inner", inner, {child("x")})});
  take(trace);
  auto below = caf::actor_cast<supervisor_actor>(which("inner"));
  auto x = ask<caf::actor>(below, which_atom::value, std::string{"x"});
  CAF_REQUIRE(x.ok());
  caf::anon_send(*x, throw_atom::value);
  consume_messages();
  CAF_CHECK_EQUAL(take(trace), "-x");
  CAF_CHECK(status("inner").state == child_state::restarting);
  pass(100ms);
  CAF_CHECK_EQUAL(take(trace), "+x");
  CAF_CHECK_EQUAL(status("inner").restarts, 1u);
  CAF_CHECK(status("inner").last_error.find("inner gives up") !=
            std::string::npos);
}

CAF_TEST(the_tree_shows_nested_children) {
  boot(options(one_for_one),
       {nested_supervisor(
            "inner", options(one_for_one),
            {child("x"),
             nested_supervisor("deep", options(one_for_one), {child("y")})}),
        child("a")});
  auto all = ask<child_statuses>(s, children_atom::value);
  CAF_REQUIRE(all.ok());
  CAF_REQUIRE_EQUAL((*all)->size(), 2u);
  const auto& inner = (*all)->front();
  CAF_CHECK(inner.type == child_type::supervisor);
  CAF_REQUIRE_EQUAL(inner.children.size(), 2u);
  CAF_CHECK_EQUAL(inner.children[0].id, "x");
  CAF_REQUIRE_EQUAL(inner.children[1].children.size(), 1u);
  CAF_CHECK_EQUAL(inner.children[1].children[0].id, "y");
  CAF_CHECK_EQUAL((*all)->back().id, "a");
}

CAF_TEST(nested_supervisors_stop_their_children_first) {
  boot(options(one_for_one),
       {child("a"),
        nested_supervisor("inner", options(one_for_one), {child("x")}),
        child("b")});
  take(trace);
  shut_down();
  CAF_CHECK_EQUAL(take(trace), "-b -x -a");
  CAF_CHECK(ended);
}

CAF_TEST(a_killed_supervisor_takes_its_children_along) {
  boot(options(one_for_one),
       {child("a"),
        nested_supervisor("inner", options(one_for_one), {child("x")})});
  take(trace);
  caf::anon_send_exit(s, caf::exit_reason::kill);
  consume_messages();
  CAF_CHECK_EQUAL(trace.size(), std::string{"-a -x"}.size());
  CAF_CHECK_EQUAL(counted("eventpulse_actor_alive"), 0.0);
}

// --- listeners ---------------------------------------------------------------

CAF_TEST(a_listener_is_told_of_present_and_later_incarnations) {
  boot(options(one_for_one), {child("a"), child("b")});
  auto listener = listen();
  CAF_CHECK_EQUAL(take(news), "up:a1 up:b2");
  crash("a");
  CAF_CHECK_EQUAL(take(news), "failed:a1");
  pass(100ms);
  CAF_CHECK_EQUAL(take(news), "up:a3");
  tell("b", end_atom::value);
  CAF_CHECK_EQUAL(take(news), "ended:b2");
}

CAF_TEST(a_throw_is_seen_as_a_failure_with_its_error) {
  boot(options(one_for_one), {child("a", restart_kind::transient)});
  crash("a");
  auto now = status("a");
  CAF_CHECK(now.state == child_state::restarting);
  CAF_CHECK(!now.last_error.empty());
  pass(100ms);
  CAF_CHECK(status("a").state == child_state::running);
  CAF_CHECK_EQUAL(status("a").restarts, 1u);
  CAF_CHECK_EQUAL(status("a").generation, 2u);
}

CAF_TEST(subscribing_twice_tells_once) {
  boot(options(one_for_one), {child("a")});
  auto listener = listen();
  auto again = ask<void>(s, subscribe_atom::value, listener);
  CAF_CHECK(again.ok());
  CAF_CHECK_EQUAL(take(news), "up:a1");
}

CAF_TEST(listeners_are_bounded_and_ended_ones_make_room) {
  boot(options(one_for_one), {});
  std::vector<child_listener> all;
  for (size_t i = 0; i < listeners_max; ++i)
    all.push_back(listen());
  auto one_more = sys.spawn(recording_listener, this);
  auto refused = ask<void>(s, subscribe_atom::value, one_more);
  CAF_CHECK(!refused.ok() && refused.error().code == errc::overloaded);
  caf::anon_send_exit(all.front(), caf::exit_reason::kill);
  consume_messages();
  auto taken = ask<void>(s, subscribe_atom::value, one_more);
  CAF_CHECK(taken.ok());
}

CAF_TEST(a_supervisor_does_not_keep_its_listeners_alive) {
  boot(options(one_for_one), {child("a")});
  auto listener = listen();
  auto weak = caf::actor_cast<caf::actor_addr>(listener);
  listener = nullptr;
  consume_messages();
  CAF_CHECK(!caf::actor_cast<child_listener>(weak));
}

// --- an intensity of one's own -----------------------------------------------

CAF_TEST(a_child_with_its_own_intensity_is_parked_alone) {
  boot(options(one_for_one, {0, 60s}),
       {child("a"), child("rule", permanent, restart_intensity{1, 60s})});
  auto listener = listen();
  crash("rule");
  pass(100ms);
  take(news);
  crash("rule");
  CAF_CHECK_EQUAL(take(news), "failed:rule3 parked:rule");
  CAF_CHECK(status("rule").state == child_state::parked);
  CAF_CHECK(which("a"));
  CAF_CHECK(!ended);
  pass(3600s);
  CAF_CHECK_EQUAL(starts["rule"], 2);
  // Whoever subscribes later learns of it too.
  auto later = listen();
  CAF_CHECK_EQUAL(take(news), "up:a1 parked:rule");
  auto back = ask<caf::actor>(s, restart_atom::value, std::string{"rule"});
  CAF_CHECK(back.ok());
  CAF_CHECK(status("rule").state == child_state::running);
}

// --- starting and stopping by hand -------------------------------------------

CAF_TEST(a_child_is_started_by_message) {
  boot(options(one_for_one), {child("a")});
  auto b = ask<caf::actor>(s, start_atom::value, child("b"));
  CAF_REQUIRE(b.ok());
  CAF_CHECK(which("b") == *b);
  auto again = ask<caf::actor>(s, start_atom::value, child("b"));
  CAF_CHECK(!again.ok() && again.error().code == errc::conflict);
  shut_down();
  CAF_CHECK_EQUAL(take(trace), "+a +b -b -a");
}

CAF_TEST(a_child_that_cannot_start_is_answered_and_forgotten) {
  boot(options(one_for_one), {});
  broken = "b";
  auto b = ask<caf::actor>(s, start_atom::value, child("b"));
  CAF_REQUIRE(!b.ok());
  CAF_CHECK(b.error().code == errc::internal);
  CAF_CHECK_EQUAL(b.error().detail, "password=*** is wrong");
  broken.clear();
  CAF_CHECK(ask<caf::actor>(s, start_atom::value, child("b")).ok());
}

CAF_TEST(specs_that_cannot_work_are_refused) {
  boot(options(rest_for_one), {});
  auto no_id = child("");
  auto no_start = child("a");
  no_start.start = nullptr;
  auto no_grace = child("a");
  no_grace.grace = -1ms;
  auto own = child("a", permanent, restart_intensity{1, 60s});
  for (const auto& spec : {no_id, no_start, no_grace, own}) {
    auto refused = ask<caf::actor>(s, start_atom::value, spec);
    CAF_CHECK(!refused.ok() && refused.error().code == errc::invalid);
  }
}

CAF_TEST(starting_while_the_group_is_restarted_is_refused_for_now) {
  boot(options(one_for_all), {child("a")});
  crash("a");
  auto b = ask<caf::actor>(s, start_atom::value, child("b"));
  CAF_CHECK(!b.ok() && b.error().code == errc::unavailable);
  pass(100ms);
  CAF_CHECK(ask<caf::actor>(s, start_atom::value, child("b")).ok());
}

CAF_TEST(terminating_is_answered_when_the_child_is_down) {
  boot(options(one_for_one), {child("a")});
  tell("a", stay_atom::value);
  take(trace);
  auto request =
      self->request(s, caf::infinite, terminate_atom::value, std::string{"a"});
  consume_messages();
  pass(4999ms);
  CAF_CHECK_EQUAL(self->mailbox().size(), 0u);
  CAF_CHECK_EQUAL(take(trace), "");
  pass(1ms); // its grace is over
  CAF_CHECK_EQUAL(take(trace), "-a");
  bool answered = false;
  request.receive([&] { answered = true; },
                  [](caf::error&) { CAF_ERROR("refused"); });
  CAF_CHECK(answered);
  CAF_CHECK(logged("event=child_killed"));
  CAF_CHECK(status("a").state == child_state::stopped);
  pass(60s);
  CAF_CHECK_EQUAL(starts["a"], 1);
  CAF_CHECK(ask<caf::actor>(s, restart_atom::value, std::string{"a"}).ok());
}

CAF_TEST(terminating_a_child_that_waits_calls_its_restart_off) {
  boot(options(one_for_one), {child("a")});
  crash("a");
  CAF_CHECK(ask<void>(s, terminate_atom::value, std::string{"a"}).ok());
  pass(60s);
  CAF_CHECK_EQUAL(starts["a"], 1);
  CAF_CHECK(status("a").state == child_state::stopped);
}

CAF_TEST(a_deleted_id_is_free_again) {
  boot(options(one_for_one), {child("a")});
  CAF_CHECK(ask<void>(s, delete_atom::value, std::string{"a"}).ok());
  auto gone = ask<void>(s, delete_atom::value, std::string{"a"});
  CAF_CHECK(!gone.ok() && gone.error().code == errc::not_found);
  auto listener = listen();
  CAF_CHECK(ask<caf::actor>(s, start_atom::value, child("a")).ok());
  CAF_CHECK_EQUAL(take(news), "up:a2");
}

CAF_TEST(what_is_not_there_is_not_found) {
  boot(options(one_for_one), {});
  std::string id = "nobody";
  CAF_CHECK(ask<void>(s, terminate_atom::value, id).error().code ==
            errc::not_found);
  CAF_CHECK(ask<caf::actor>(s, restart_atom::value, id).error().code ==
            errc::not_found);
  CAF_CHECK(ask<caf::actor>(s, which_atom::value, id).error().code ==
            errc::not_found);
}

CAF_TEST(a_running_child_is_not_restarted_by_hand) {
  boot(options(one_for_one), {child("a")});
  auto refused = ask<caf::actor>(s, restart_atom::value, std::string{"a"});
  CAF_CHECK(!refused.ok() && refused.error().code == errc::conflict);
}

// --- ending ------------------------------------------------------------------

CAF_TEST(at_the_end_each_child_has_its_grace_and_is_killed_then) {
  boot(options(one_for_one), {child("a"), child("b")});
  tell("b", stay_atom::value);
  take(trace);
  shut_down();
  pass(4999ms);
  CAF_CHECK_EQUAL(take(trace), "");
  CAF_CHECK(!ended);
  pass(1ms);
  CAF_CHECK_EQUAL(take(trace), "-b -a");
  CAF_CHECK(ended);
}

CAF_TEST(a_child_that_does_not_even_die_is_left_to_itself) {
  caf::scoped_actor blocked{sys}; // takes no message, not even that of its end
  auto spec = child("a");
  spec.start = [&](caf::local_actor*) {
    return caf::actor_cast<caf::actor>(blocked);
  };
  boot(options(one_for_one), {spec, child("b")});
  shut_down();
  pass(5s);
  CAF_CHECK(logged("event=child_killed supervisor=top child=a grace=5"));
  CAF_CHECK(!ended);
  pass(5s);
  CAF_CHECK(logged("event=child_abandoned"));
  CAF_CHECK(ended);
}

CAF_TEST(whoever_waits_when_the_supervisor_dies_is_answered) {
  boot(options(one_for_one), {child("a")});
  tell("a", stay_atom::value);
  auto request =
      self->request(s, caf::infinite, terminate_atom::value, std::string{"a"});
  consume_messages();
  caf::anon_send_exit(s, caf::exit_reason::kill);
  consume_messages();
  request.receive([] { CAF_ERROR("answered as if it were down"); },
                  [](caf::error& e) {
                    CAF_CHECK(to_failure(e).code == errc::shutting_down);
                  });
}

CAF_TEST(a_child_that_cannot_start_at_boot_is_tried_again) {
  broken = "a";
  boot(options(one_for_one), {child("a"), child("b")});
  CAF_CHECK_EQUAL(take(trace), "+b");
  broken.clear();
  pass(100ms);
  CAF_CHECK_EQUAL(take(trace), "+a");
  CAF_CHECK(!logged("hunter2"));
}

CAF_TEST(a_child_that_never_starts_ends_the_supervisor) {
  broken = "a";
  boot(options(one_for_one), {child("b"), child("a")});
  pass(100ms);
  pass(200ms);
  CAF_CHECK(!ended);
  pass(400ms);
  CAF_REQUIRE(ended);
  CAF_CHECK(to_failure(*ended).code == errc::internal);
  CAF_CHECK_EQUAL(take(trace), "+b -b");
}

CAF_TEST(a_supervisor_may_give_up_while_it_boots) {
  broken = "a";
  boot(options(one_for_one, {0, 60s}), {child("b"), child("a")});
  CAF_REQUIRE(ended);
  CAF_CHECK(to_failure(*ended).code == errc::internal);
  CAF_CHECK_EQUAL(take(trace), "+b -b");
}

CAF_TEST(a_supervisor_that_cannot_work_ends_at_once) {
  boot(options(one_for_one, {5, 1s}), {child("a")});
  CAF_REQUIRE(ended);
  CAF_CHECK(to_failure(*ended).code == errc::invalid);
  CAF_CHECK_EQUAL(take(trace), "");
}

CAF_TEST(ids_that_occur_twice_end_it_at_once) {
  boot(options(one_for_one), {child("a"), child("a")});
  CAF_REQUIRE(ended);
  CAF_CHECK(to_failure(*ended).code == errc::conflict);
  CAF_CHECK_EQUAL(take(trace), "");
}

CAF_TEST(one_actor_cannot_be_two_children) {
  caf::actor shared;
  auto make = [&](const std::string& id) {
    auto spec = child(id);
    spec.start = [&shared](caf::local_actor*) { return shared; };
    return spec;
  };
  shared = sys.spawn(tested_child, this, "shared");
  boot(options(one_for_one), {make("a")});
  auto b = ask<caf::actor>(s, start_atom::value, make("b"));
  CAF_CHECK(!b.ok() && b.error().code == errc::internal);
  CAF_CHECK(which("a") == shared);
}

CAF_TEST(restarts_and_the_living_are_counted_by_kind) {
  boot(options(one_for_one), {child("a"), child("b")});
  CAF_CHECK_EQUAL(counted("eventpulse_actor_alive"), 2.0);
  CAF_CHECK_EQUAL(counted("eventpulse_actor_restarts_total"), 0.0);
  crash("a");
  CAF_CHECK_EQUAL(counted("eventpulse_actor_alive"), 1.0);
  pass(100ms);
  CAF_CHECK_EQUAL(counted("eventpulse_actor_alive"), 2.0);
  CAF_CHECK_EQUAL(counted("eventpulse_actor_restarts_total"), 1.0);
  shut_down();
  CAF_CHECK_EQUAL(counted("eventpulse_actor_alive"), 0.0);
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE supervision_decider
#include <caf/test/unit_test.hpp>

#include "runtime/core/supervision/restart_decider.hpp"

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace eventpulse;
using std::chrono::milliseconds;
using verb = supervision_action::verb;

namespace {

constexpr auto permanent = restart_kind::permanent;
constexpr auto transient = restart_kind::transient;
constexpr auto temporary = restart_kind::temporary;

// Carries out what the decider says and writes it down: children "a", "b", …
// by key. Time stands unless it is told to pass.
struct world_of_children {
  explicit world_of_children(
      restart_strategy strategy,
      restart_intensity intensity = {5, milliseconds{60'000}})
      : decider({strategy,
                 intensity,
                 {milliseconds{100}, milliseconds{10'000}, milliseconds{30'000},
                  0.0}}) {}

  restart_decider decider;
  restart_decider::time_point now;
  std::string trace;
  std::deque<std::pair<milliseconds, uint64_t>> timers;
  std::string broken;   // children whose start fails
  std::string stubborn; // children that do not end when told to

  static char name(child_key key) {
    return static_cast<char>('a' + static_cast<char>(key) - 1);
  }
  static child_key key(char name) {
    return static_cast<child_key>(name - 'a' + 1);
  }

  void say(std::string_view what, child_key k = 0) {
    if (!trace.empty())
      trace += ' ';
    trace += what;
    if (k != 0) {
      trace += ':';
      trace += name(k);
    }
  }

  void run(supervision_actions actions) {
    std::deque<supervision_action> todo{actions.begin(), actions.end()};
    auto more = [&](const supervision_actions& next) {
      todo.insert(todo.end(), next.begin(), next.end());
    };
    while (!todo.empty()) {
      auto action = todo.front();
      todo.pop_front();
      switch (action.what) {
      case verb::start:
      case verb::restart:
        say(action.what == verb::start ? "start" : "restart", action.child);
        if (broken.find(name(action.child)) != std::string::npos)
          more(decider.failed_to_start(action.child, now, 0.0));
        else
          more(decider.started(action.child, now));
        break;
      case verb::start_later:
        say("later" + std::to_string(action.delay.count()), action.child);
        timers.emplace_back(action.delay, action.ticket);
        break;
      case verb::stop:
        say("stop", action.child);
        if (stubborn.find(name(action.child)) == std::string::npos)
          more(decider.ended(action.child, child_end::abnormal, now, 0.0));
        break;
      case verb::park:
        say("park", action.child);
        break;
      case verb::forget:
        say("forget", action.child);
        break;
      case verb::give_up:
        say("give_up", action.child);
        break;
      case verb::finish:
        say("finish");
        break;
      }
    }
  }

  void run(result<supervision_actions> actions) {
    if (actions.ok())
      run(*std::move(actions));
    else
      say(reason(actions.error().code));
  }

  void add(restart_kind kind,
           std::optional<restart_intensity> own = std::nullopt) {
    decider.add({kind, own});
  }

  void end(char child, child_end how) {
    run(decider.ended(key(child), how, now, 0.0));
  }

  // Lets the oldest wait pass.
  void pass() {
    CAF_REQUIRE(!timers.empty());
    auto [delay, ticket] = timers.front();
    timers.pop_front();
    now += delay;
    run(decider.due(ticket));
  }

  std::string take() { return std::exchange(trace, {}); }

  std::string phases() {
    std::string out;
    for (child_key k = 1; k < 10; ++k)
      if (decider.knows(k)) {
        constexpr std::string_view letters = "-pwqsrx";
        out += letters[static_cast<size_t>(decider.phase(k))];
      } else {
        out += '.';
      }
    while (out.ends_with('.'))
      out.pop_back();
    return out;
  }
};

world_of_children three(restart_strategy strategy, restart_kind middle,
                        restart_kind others = permanent) {
  world_of_children w{strategy};
  w.add(others);
  w.add(middle);
  w.add(others);
  w.run(w.decider.start_all());
  w.take();
  return w;
}

struct row {
  restart_strategy strategy;
  restart_kind kind;
  child_end how;
  const char* at_once;    // actions when the second of three ends
  const char* after_wait; // actions when the wait is over; null: there is none
  const char* phases;     // in the end
};

constexpr auto one_for_one = restart_strategy::one_for_one;
constexpr auto one_for_all = restart_strategy::one_for_all;
constexpr auto rest_for_one = restart_strategy::rest_for_one;
constexpr auto normal = child_end::normal;
constexpr auto abnormal = child_end::abnormal;

// Every strategy, kind and way to end.
constexpr row table[] = {
    {one_for_one, permanent, normal, "later100:b", "restart:b", "rrr"},
    {one_for_one, permanent, abnormal, "later100:b", "restart:b", "rrr"},
    {one_for_one, transient, normal, "", nullptr, "r-r"},
    {one_for_one, transient, abnormal, "later100:b", "restart:b", "rrr"},
    {one_for_one, temporary, normal, "forget:b", nullptr, "r.r"},
    {one_for_one, temporary, abnormal, "forget:b", nullptr, "r.r"},
    {one_for_all, permanent, normal, "stop:c stop:a later100:a",
     "restart:a restart:b restart:c", "rrr"},
    {one_for_all, permanent, abnormal, "stop:c stop:a later100:a",
     "restart:a restart:b restart:c", "rrr"},
    {one_for_all, transient, normal, "", nullptr, "r-r"},
    {one_for_all, transient, abnormal, "stop:c stop:a later100:a",
     "restart:a restart:b restart:c", "rrr"},
    {one_for_all, temporary, normal, "forget:b", nullptr, "r.r"},
    {one_for_all, temporary, abnormal, "forget:b", nullptr, "r.r"},
    {rest_for_one, permanent, normal, "stop:c later100:b",
     "restart:b restart:c", "rrr"},
    {rest_for_one, permanent, abnormal, "stop:c later100:b",
     "restart:b restart:c", "rrr"},
    {rest_for_one, transient, normal, "", nullptr, "r-r"},
    {rest_for_one, transient, abnormal, "stop:c later100:b",
     "restart:b restart:c", "rrr"},
    {rest_for_one, temporary, normal, "forget:b", nullptr, "r.r"},
    {rest_for_one, temporary, abnormal, "forget:b", nullptr, "r.r"},
};

} // namespace

CAF_TEST(every_strategy_kind_and_end_does_what_otp_does) {
  for (const auto& r : table) {
    CAF_MESSAGE(to_string(r.strategy)
                << " " << to_string(r.kind) << " "
                << (r.how == normal ? "normal" : "abnormal"));
    auto w = three(r.strategy, r.kind);
    w.end('b', r.how);
    CAF_CHECK_EQUAL(w.take(), r.at_once);
    CAF_CHECK_EQUAL(w.timers.size(), r.after_wait ? 1u : 0u);
    if (r.after_wait) {
      w.pass();
      CAF_CHECK_EQUAL(w.take(), r.after_wait);
    }
    CAF_CHECK_EQUAL(w.phases(), r.phases);
  }
}

CAF_TEST(children_start_in_order_and_stop_in_reverse) {
  world_of_children w{one_for_one};
  for (int i = 0; i < 3; ++i)
    w.add(permanent);
  w.run(w.decider.start_all());
  CAF_CHECK_EQUAL(w.take(), "start:a start:b start:c");
  w.run(w.decider.stop_all());
  CAF_CHECK_EQUAL(w.take(), "stop:c stop:b stop:a finish");
}

CAF_TEST(the_next_is_stopped_when_the_one_before_is_down) {
  auto w = three(one_for_one, permanent);
  w.stubborn = "c";
  w.run(w.decider.stop_all());
  CAF_CHECK_EQUAL(w.take(), "stop:c");
  w.end('c', abnormal);
  CAF_CHECK_EQUAL(w.take(), "stop:b stop:a finish");
}

CAF_TEST(stopping_twice_is_stopping_once) {
  auto w = three(one_for_one, permanent);
  w.stubborn = "c";
  w.run(w.decider.stop_all());
  w.run(w.decider.stop_all());
  CAF_CHECK_EQUAL(w.take(), "stop:c");
}

CAF_TEST(a_supervisor_without_children_finishes_at_once) {
  world_of_children w{one_for_all};
  w.run(w.decider.start_all());
  CAF_CHECK_EQUAL(w.take(), "");
  w.run(w.decider.stop_all());
  CAF_CHECK_EQUAL(w.take(), "finish");
  w.run(w.decider.stop_all());
  CAF_CHECK_EQUAL(w.take(), "");
}

CAF_TEST(a_child_that_ends_while_all_stop_is_not_restarted) {
  auto w = three(one_for_one, permanent);
  w.stubborn = "c";
  w.run(w.decider.stop_all());
  w.end('b', abnormal);
  w.take();
  w.end('c', normal);
  CAF_CHECK_EQUAL(w.take(), "stop:a finish");
}

CAF_TEST(a_wait_is_void_once_all_stop) {
  auto w = three(one_for_one, permanent);
  w.end('b', abnormal);
  w.run(w.decider.stop_all());
  CAF_CHECK_EQUAL(w.take(), "later100:b stop:c stop:a finish");
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "");
}

// --- groups ------------------------------------------------------------------

CAF_TEST(a_temporary_sibling_does_not_come_back_from_a_group_restart) {
  for (auto strategy : {one_for_all, rest_for_one}) {
    world_of_children w{strategy};
    w.add(permanent);
    w.add(temporary);
    w.run(w.decider.start_all());
    w.take();
    w.end('a', abnormal);
    CAF_CHECK_EQUAL(w.take(), "stop:b forget:b later100:a");
    w.pass();
    CAF_CHECK_EQUAL(w.take(), "restart:a");
  }
}

CAF_TEST(a_transient_sibling_that_had_ended_comes_back_with_its_group) {
  auto w = three(one_for_all, transient);
  w.end('b', normal);
  w.end('a', abnormal);
  CAF_CHECK_EQUAL(w.take(), "stop:c later100:a");
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "restart:a restart:b restart:c");
}

CAF_TEST(a_group_waits_until_every_member_is_down) {
  auto w = three(one_for_all, permanent);
  w.stubborn = "c";
  w.end('b', abnormal);
  CAF_CHECK_EQUAL(w.take(), "stop:c");
  CAF_CHECK_EQUAL(w.phases(), "rqx");
  w.end('c', abnormal);
  CAF_CHECK_EQUAL(w.take(), "stop:a later100:a");
  CAF_CHECK_EQUAL(w.phases(), "qqq");
}

CAF_TEST(a_member_that_ends_by_itself_before_its_turn_is_not_counted) {
  world_of_children w{one_for_all, {1, milliseconds{60'000}}};
  for (int i = 0; i < 3; ++i)
    w.add(permanent);
  w.run(w.decider.start_all());
  w.take();
  w.stubborn = "c";
  w.end('b', abnormal);
  w.end('a', abnormal);
  w.end('c', normal);
  CAF_CHECK_EQUAL(w.take(), "stop:c later100:a");
}

CAF_TEST(an_elder_that_fails_meanwhile_widens_the_group) {
  auto w = three(rest_for_one, permanent);
  w.end('c', abnormal);
  CAF_CHECK_EQUAL(w.take(), "later100:c");
  w.end('a', abnormal);
  CAF_CHECK_EQUAL(w.take(), "stop:b later100:a");
  w.pass(); // the first wait is void
  CAF_CHECK_EQUAL(w.take(), "");
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "restart:a restart:b restart:c");
}

CAF_TEST(a_member_that_cannot_start_begins_the_group_anew) {
  auto w = three(one_for_all, permanent);
  w.broken = "b";
  w.end('c', abnormal);
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "stop:b stop:a later100:a restart:a restart:b "
                            "stop:a later100:a");
  w.broken = "";
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "restart:a restart:b restart:c");
}

CAF_TEST(siblings_of_a_group_under_restart_cannot_be_started_by_hand) {
  auto w = three(one_for_all, transient);
  w.end('a', abnormal);
  w.take();
  w.add(permanent);
  w.run(w.decider.start(4));
  CAF_CHECK_EQUAL(w.take(), "unavailable");
}

CAF_TEST(a_member_terminated_during_its_groups_restart_stays_down) {
  auto w = three(one_for_all, permanent);
  w.end('a', abnormal);
  w.take();
  w.run(w.decider.terminate(w.key('b')));
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "restart:a restart:c");
  CAF_CHECK_EQUAL(w.phases(), "r-r");
}

CAF_TEST(a_member_terminated_while_it_stops_for_its_group_stays_down) {
  auto w = three(one_for_all, permanent);
  w.stubborn = "c";
  w.end('a', abnormal);
  w.run(w.decider.terminate(w.key('c')));
  w.end('c', normal);
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "stop:c stop:b later100:a restart:a restart:b");
}

CAF_TEST(a_group_whose_members_were_all_deleted_is_over) {
  world_of_children w{one_for_all};
  w.add(permanent);
  w.add(permanent);
  w.run(w.decider.start_all());
  w.take();
  w.end('a', abnormal);
  w.run(w.decider.remove(1));
  w.run(w.decider.remove(2));
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "stop:b later100:a forget:a forget:b");
  w.add(permanent);
  w.run(w.decider.start(3));
  CAF_CHECK_EQUAL(w.take(), "start:c");
}

CAF_TEST(deleting_the_group_while_its_last_member_stops_ends_the_restart) {
  world_of_children w{one_for_all};
  w.add(permanent);
  w.add(permanent);
  w.run(w.decider.start_all());
  w.stubborn = "b";
  w.end('a', abnormal);
  w.run(w.decider.remove(1));
  w.run(w.decider.remove(2));
  w.take();
  w.end('b', abnormal);
  CAF_CHECK_EQUAL(w.take(), "forget:b");
  CAF_CHECK(w.timers.empty());
}

// --- intensity and delays ----------------------------------------------------

CAF_TEST(more_restarts_than_allowed_fail_upwards_for_every_strategy) {
  for (auto strategy : {one_for_one, one_for_all, rest_for_one}) {
    world_of_children w{strategy, {2, milliseconds{60'000}}};
    w.add(permanent);
    w.add(permanent);
    w.run(w.decider.start_all());
    for (int i = 0; i < 2; ++i) {
      w.end('b', abnormal);
      w.pass();
    }
    w.take();
    w.end('b', abnormal);
    CAF_CHECK_EQUAL(w.take(), "give_up:b stop:a finish");
  }
}

CAF_TEST(no_restart_allowed_means_the_first_end_fails_upwards) {
  world_of_children w{one_for_one, {0, milliseconds{1000}}};
  w.add(permanent);
  w.run(w.decider.start_all());
  w.take();
  w.end('a', normal);
  CAF_CHECK_EQUAL(w.take(), "give_up:a finish");
}

CAF_TEST(a_group_restart_counts_once) {
  world_of_children w{one_for_all, {1, milliseconds{60'000}}};
  for (int i = 0; i < 3; ++i)
    w.add(permanent);
  w.run(w.decider.start_all());
  w.take();
  w.end('a', abnormal);
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "stop:c stop:b later100:a restart:a restart:b "
                            "restart:c");
  w.end('c', abnormal);
  CAF_CHECK_EQUAL(w.take(), "give_up:c stop:b stop:a finish");
}

CAF_TEST(restarts_at_the_edge_of_the_window_still_count) {
  for (auto late : {0, 1}) {
    world_of_children w{one_for_one, {1, milliseconds{1000}}};
    w.add(permanent);
    w.run(w.decider.start_all());
    w.end('a', abnormal);
    w.pass(); // 100 ms
    w.take();
    w.now += milliseconds{900 + late};
    w.end('a', abnormal);
    CAF_CHECK_EQUAL(w.take(), late ? "later200:a" : "give_up:a finish");
  }
}

CAF_TEST(ends_that_are_not_restarted_do_not_count) {
  world_of_children w{one_for_one, {0, milliseconds{1000}}};
  w.add(transient);
  w.add(temporary);
  w.run(w.decider.start_all());
  w.take();
  w.end('a', normal);
  w.end('b', abnormal);
  CAF_CHECK_EQUAL(w.take(), "forget:b");
}

CAF_TEST(a_child_that_fails_at_once_is_always_noticed) {
  // What check() promises: with accepted bounds the delays cannot hide it.
  world_of_children w{one_for_one, {5, milliseconds{3101}}};
  w.add(permanent);
  w.broken = "a";
  w.run(w.decider.start_all());
  while (!w.timers.empty())
    w.pass();
  CAF_CHECK_EQUAL(w.take(),
                  "start:a later100:a restart:a later200:a restart:a "
                  "later400:a restart:a later800:a restart:a later1600:a "
                  "restart:a give_up:a finish");
}

CAF_TEST(a_healthy_run_resets_the_delay_and_a_shorter_one_does_not) {
  world_of_children w{one_for_one};
  w.add(permanent);
  w.run(w.decider.start_all());
  w.end('a', abnormal);
  w.pass();
  w.now += milliseconds{29'999};
  w.end('a', abnormal);
  w.pass();
  w.now += milliseconds{30'000};
  w.end('a', abnormal);
  CAF_CHECK_EQUAL(w.take(), "start:a later100:a restart:a later200:a restart:a "
                            "later100:a");
}

CAF_TEST(delays_grow_for_each_child_apart) {
  auto w = three(one_for_one, permanent);
  w.end('a', abnormal);
  w.pass();
  w.end('a', abnormal);
  w.end('b', abnormal);
  CAF_CHECK_EQUAL(w.take(), "later100:a restart:a later200:a later100:b");
}

CAF_TEST(a_child_with_its_own_intensity_is_parked_and_fails_nobody) {
  world_of_children w{one_for_one, {0, milliseconds{1000}}};
  w.add(permanent);
  w.add(permanent, restart_intensity{2, milliseconds{60'000}});
  w.run(w.decider.start_all());
  w.take();
  for (int i = 0; i < 2; ++i) {
    w.end('b', abnormal);
    w.pass();
  }
  w.end('b', abnormal);
  CAF_CHECK_EQUAL(w.take(), "later100:b restart:b later200:b restart:b park:b");
  CAF_CHECK_EQUAL(w.phases(), "rp");
  w.run(w.decider.stop_all());
  CAF_CHECK_EQUAL(w.take(), "stop:a finish");
}

CAF_TEST(a_parked_child_is_restarted_by_hand_with_a_clean_record) {
  world_of_children w{one_for_one};
  w.add(permanent, restart_intensity{1, milliseconds{60'000}});
  w.run(w.decider.start_all());
  w.end('a', abnormal);
  w.pass();
  w.end('a', abnormal);
  w.take();
  w.run(w.decider.restart(1));
  w.end('a', abnormal);
  CAF_CHECK_EQUAL(w.take(), "start:a later100:a");
}

CAF_TEST(a_parked_child_whose_restart_fails_stays_parked) {
  world_of_children w{one_for_one};
  w.add(permanent, restart_intensity{0, milliseconds{1000}});
  w.run(w.decider.start_all());
  w.end('a', abnormal);
  w.broken = "a";
  w.run(w.decider.restart(1));
  CAF_CHECK_EQUAL(w.take(), "start:a park:a start:a");
  CAF_CHECK_EQUAL(w.phases(), "p");
}

// --- starting and stopping by hand -------------------------------------------

CAF_TEST(a_child_added_later_is_the_youngest) {
  auto w = three(rest_for_one, permanent);
  w.add(permanent);
  w.run(w.decider.start(4));
  CAF_CHECK_EQUAL(w.take(), "start:d");
  w.end('c', abnormal);
  CAF_CHECK_EQUAL(w.take(), "stop:d later100:c");
}

CAF_TEST(a_child_added_later_that_cannot_start_is_forgotten_and_not_counted) {
  world_of_children w{one_for_one, {0, milliseconds{1000}}};
  w.run(w.decider.start_all());
  w.add(permanent);
  w.broken = "a";
  w.run(w.decider.start(1));
  CAF_CHECK_EQUAL(w.take(), "start:a forget:a");
}

CAF_TEST(a_terminated_child_is_kept_and_can_be_restarted) {
  auto w = three(one_for_one, permanent);
  w.run(w.decider.terminate(2));
  CAF_CHECK_EQUAL(w.take(), "stop:b");
  CAF_CHECK_EQUAL(w.phases(), "r-r");
  w.run(w.decider.terminate(2));
  CAF_CHECK_EQUAL(w.take(), "");
  w.run(w.decider.restart(2));
  CAF_CHECK_EQUAL(w.take(), "start:b");
}

CAF_TEST(a_terminated_temporary_child_is_forgotten) {
  auto w = three(one_for_one, temporary);
  w.run(w.decider.terminate(2));
  CAF_CHECK_EQUAL(w.take(), "stop:b forget:b");
  w.run(w.decider.terminate(2));
  CAF_CHECK_EQUAL(w.take(), "not_found");
}

CAF_TEST(terminating_ends_a_wait) {
  auto w = three(one_for_one, permanent);
  w.end('b', abnormal);
  w.run(w.decider.terminate(2));
  CAF_CHECK_EQUAL(w.phases(), "r-r");
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "later100:b");
}

CAF_TEST(a_deleted_child_is_gone_when_it_is_down) {
  auto w = three(one_for_one, permanent);
  w.stubborn = "b";
  w.run(w.decider.terminate(2));
  w.run(w.decider.remove(2));
  CAF_CHECK_EQUAL(w.take(), "stop:b");
  w.end('b', normal);
  CAF_CHECK_EQUAL(w.take(), "forget:b");
  w.run(w.decider.remove(2));
  w.run(w.decider.restart(2));
  CAF_CHECK_EQUAL(w.take(), "not_found not_found");
}

CAF_TEST(a_deleted_child_that_is_down_is_gone_at_once) {
  auto w = three(one_for_one, permanent);
  w.end('b', abnormal);
  w.take();
  w.run(w.decider.remove(2));
  CAF_CHECK_EQUAL(w.take(), "forget:b");
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "");
}

CAF_TEST(a_running_or_waiting_child_is_not_restarted_by_hand) {
  auto w = three(one_for_one, permanent);
  w.run(w.decider.restart(2));
  w.end('b', abnormal);
  w.run(w.decider.restart(2));
  CAF_CHECK_EQUAL(w.take(), "conflict later100:b conflict");
}

CAF_TEST(nothing_is_started_once_all_stop) {
  auto w = three(one_for_one, transient);
  w.end('b', normal);
  w.run(w.decider.stop_all());
  w.take();
  w.run(w.decider.restart(2));
  CAF_CHECK_EQUAL(w.take(), "shutting_down");
}

CAF_TEST(at_the_first_start_a_failure_counts_as_that_childs_own) {
  world_of_children w{one_for_one};
  w.add(permanent);
  w.add(temporary);
  w.add(permanent);
  w.broken = "ab";
  w.run(w.decider.start_all());
  CAF_CHECK_EQUAL(w.take(), "start:a later100:a start:b forget:b start:c");
  w.broken = "";
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "restart:a");
}

CAF_TEST(a_first_start_that_fails_takes_its_group_back) {
  world_of_children w{rest_for_one};
  for (int i = 0; i < 3; ++i)
    w.add(permanent);
  w.broken = "b";
  w.run(w.decider.start_all());
  CAF_CHECK_EQUAL(w.take(), "start:a start:b later100:b");
  w.broken = "";
  w.pass();
  CAF_CHECK_EQUAL(w.take(), "restart:b start:c");
}

// --- whatever happens --------------------------------------------------------

namespace {

// Any order of events and requests; the decider checks its own invariants, and
// this that no child is started twice or stopped without running.
struct chaos {
  chaos(restart_strategy strategy, uint32_t seed)
      : dice(seed),
        decider(
            {strategy,
             {3, milliseconds{60'000}},
             {milliseconds{100}, milliseconds{1000}, milliseconds{5000}, 0.2}}),
        is_group(strategy != one_for_one) {}

  std::mt19937 dice;
  restart_decider decider;
  bool is_group;
  restart_decider::time_point now;
  std::map<child_key, bool> alive; // to: it was told to stop
  std::vector<uint64_t> tickets;
  bool is_finished = false;
  bool was_told_to_stop = false;

  uint32_t roll(uint32_t sides) { return dice() % sides; }

  void run(const supervision_actions& actions) {
    std::deque<supervision_action> todo{actions.begin(), actions.end()};
    while (!todo.empty()) {
      auto a = todo.front();
      todo.pop_front();
      supervision_actions next;
      CAF_REQUIRE(!is_finished);
      switch (a.what) {
      case verb::start:
      case verb::restart:
        CAF_REQUIRE(!alive.contains(a.child));
        if (roll(5) == 0) {
          next = decider.failed_to_start(a.child, now, 0.5);
        } else {
          alive[a.child] = false;
          next = decider.started(a.child, now);
        }
        break;
      case verb::stop:
        CAF_REQUIRE(alive.contains(a.child));
        CAF_REQUIRE(!alive[a.child]);
        alive[a.child] = true;
        break;
      case verb::start_later:
        tickets.push_back(a.ticket);
        break;
      case verb::park:
        CAF_REQUIRE(!alive.contains(a.child));
        break;
      case verb::forget:
        CAF_REQUIRE(!decider.knows(a.child));
        CAF_REQUIRE(!alive.contains(a.child));
        break;
      case verb::give_up:
        was_told_to_stop = true;
        break;
      case verb::finish:
        CAF_REQUIRE(was_told_to_stop);
        CAF_REQUIRE(alive.empty());
        is_finished = true;
        break;
      }
      todo.insert(todo.end(), next.begin(), next.end());
    }
  }

  void run(const result<supervision_actions>& actions) {
    if (actions.ok())
      run(*actions);
  }

  child_policy any_policy() {
    child_policy p;
    p.kind = static_cast<restart_kind>(roll(3));
    if (!is_group && roll(2) == 0)
      p.own_intensity = restart_intensity{2, milliseconds{60'000}};
    return p;
  }

  void end_one() {
    if (alive.empty())
      return;
    auto i =
        std::next(alive.begin(), roll(static_cast<uint32_t>(alive.size())));
    auto key = i->first;
    alive.erase(i);
    run(decider.ended(key, roll(2) ? abnormal : normal, now, 0.5));
  }

  void step() {
    now += milliseconds{roll(3000)};
    auto key = child_key{1 + roll(8)};
    switch (roll(8)) {
    case 0:
      run(decider.terminate(key));
      return;
    case 1:
      run(decider.remove(key));
      return;
    case 2:
      run(decider.restart(key));
      return;
    case 3:
      run(decider.start(decider.add(any_policy())));
      return;
    case 4:
    case 5:
      if (!tickets.empty()) {
        auto at = roll(static_cast<uint32_t>(tickets.size()));
        auto ticket = tickets[at];
        tickets.erase(tickets.begin() + at);
        run(decider.due(ticket));
      }
      return;
    default:
      end_one();
    }
  }
};

} // namespace

CAF_TEST(whatever_happens_children_are_one_at_a_time_and_the_end_comes) {
  for (auto strategy : {one_for_one, one_for_all, rest_for_one})
    for (uint32_t seed = 0; seed < 500; ++seed) {
      CAF_MESSAGE("strategy " << to_string(strategy) << " seed " << seed);
      chaos c{strategy, seed};
      for (uint32_t i = c.roll(5); i > 0; --i)
        c.decider.add(c.any_policy());
      c.run(c.decider.start_all());
      for (int i = 0; i < 200 && !c.is_finished; ++i)
        c.step();
      if (!c.is_finished) {
        c.was_told_to_stop = true;
        c.run(c.decider.stop_all());
      }
      for (int i = 0; i < 300 && !c.is_finished; ++i)
        c.end_one();
      CAF_REQUIRE(c.is_finished);
      CAF_REQUIRE(c.alive.empty());
    }
}

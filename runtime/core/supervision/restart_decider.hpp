#pragma once
// What a supervisor does next: told what happened, answers with a list of
// actions to carry out in their order. It knows neither actors nor clocks, so
// that every case is a line of a table in its test. Used by actors/supervisor.
// Follows OTP's supervisor (erlang.org, stdlib): children start one after the
// other and stop in reverse, each when the one before is down; a temporary
// child never starts a group restart and never comes back from one; a group
// restart starts all its members, also those that were stopped. Differs where
// it says so: delays between restarts, children with an intensity of their
// own, and a start that fails counts as a child that failed, since at boot
// there is nobody to hand the error to.

#include "runtime/core/supervision/restart_policy.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace eventpulse {

/// Names a child to the decider; grows in start order, is never used again.
using child_key = uint64_t;

struct supervision_action {
  enum class verb : uint8_t {
    start,       // now, at the first time or because somebody asked
    restart,     // now, because it was decided; both answered by started/failed
    start_later, // call due(ticket) after the delay
    stop,        // ask it to end, kill it after its grace; answered by ended
    park,        // it was restarted too often and stays away
    forget,      // the key is gone
    give_up,     // fail upwards with this reason, once all are down
    finish,      // all are down and nothing more will come
  };
  verb what = verb::start;
  child_key child = 0; // of give_up: the child at fault; of finish: 0
  uint64_t ticket = 0;
  std::chrono::milliseconds delay{0};
  std::string reason;
};
using supervision_actions = std::vector<supervision_action>;

enum class child_end : uint8_t { normal, abnormal };

enum class child_phase : uint8_t {
  stopped,
  parked,
  waiting,  // for its own restart
  queued,   // to be started with others, in their order
  starting, // start was said, the answer is awaited
  running,
  stopping,
};

class restart_decider {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `policy` must have passed check(), and so every child's.
  explicit restart_decider(const supervision_policy& policy);

  // --- what happened -------------------------------------------------------

  /// Starts every child added so far.
  supervision_actions start_all();
  supervision_actions started(child_key child, time_point now);
  /// `random` in [0, 1) is used where a delay is chosen.
  supervision_actions failed_to_start(child_key child, time_point now,
                                      double random);
  supervision_actions ended(child_key child, child_end how, time_point now,
                            double random);
  supervision_actions due(uint64_t ticket);
  supervision_actions stop_all();

  // --- what somebody asks for; the protocol header says what is refused -----

  /// Registers a child after the others, without starting it.
  child_key add(const child_policy& policy);
  result<supervision_actions> start(child_key child);
  result<supervision_actions> restart(child_key child);
  result<supervision_actions> terminate(child_key child);
  result<supervision_actions> remove(child_key child);

  // --- how it stands -------------------------------------------------------

  bool knows(child_key child) const { return children_.contains(child); }
  child_phase phase(child_key child) const;
  /// No incarnation of it exists.
  bool is_down(child_key child) const;
  bool is_finishing() const noexcept { return finishing_; }

private:
  using log = std::deque<time_point>;
  using verb = supervision_action::verb;

  enum class after_stop : uint8_t { stay, queue, forget };
  // Where a restart of several children, or the first start, has come to.
  enum class group_stage : uint8_t { idle, stopping, waiting, starting };

  struct record {
    child_policy policy;
    child_phase phase = child_phase::stopped;
    after_stop then = after_stop::stay;
    uint64_t ticket = 0;   // of the wait it is in
    uint32_t in_a_row = 0; // restarts without a healthy run between them
    time_point up_since;
    bool was_started = false;
    /// Somebody waits for this start: what becomes of it if it fails.
    std::optional<child_phase> asked_from;
    bool is_new = false; // asked for by start(), forgotten if that fails
    log own_restarts;    // within own_intensity
  };

  record& at(child_key key);
  void begin_start(child_key key, supervision_actions& out);
  void begin_stop(child_key key, after_stop then, supervision_actions& out);
  void drop(child_key key, supervision_actions& out);
  void rest(child_key key, supervision_actions& out);
  void fail(child_key key, time_point now, double random,
            supervision_actions& out);
  void restart_group(child_key first, std::chrono::milliseconds delay);
  void finish(supervision_actions& out);
  void advance(supervision_actions& out);
  void advance_group(supervision_actions& out);
  result<supervision_actions> ask(child_key key);
  result<supervision_actions> end(child_key key, after_stop then);

  supervision_policy policy_;
  std::map<child_key, record> children_;
  std::set<child_key> up_;                // phase running
  std::set<child_key> stopping_;          // phase stopping
  std::set<child_key> queued_;            // phase queued
  std::map<uint64_t, child_key> waiting_; // phase waiting, by ticket
  child_key next_key_ = 1;
  uint64_t last_ticket_ = 0;
  log restarts_; // within policy_.intensity

  group_stage stage_ = group_stage::idle;
  child_key group_first_ = 0; // the group is everybody from here on
  uint64_t group_ticket_ = 0; // of the wait before it starts
  std::chrono::milliseconds group_delay_{0};

  bool finishing_ = false;
  bool finished_ = false;
};

} // namespace eventpulse

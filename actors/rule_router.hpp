#pragma once
// The rule_router: feeds every rule the one total order. It starts from the
// cursors and snapshots, reads back from the store what evaluation has not seen
// (silently up to each rule's cursor, aloud after it), then goes live with the
// batches of the partition readers. A batch becomes steps; a step goes to the
// evaluators that the index or a deadline names. The level set knows when a
// step is through; alerts go to the recorder with the cursors they move.
//
// A rule whose evaluator died or fell behind leaves the level set and catches
// up from the store by itself; the others do not notice. An event on which an
// evaluator dies twice alone is skipped for that rule and kept as a dead
// letter.
//
// Everything here is bookkeeping in messages: no clock decides an outcome.

#include "actors/rule_slot.hpp"
#include "messages/protocols/directory.hpp"
#include "messages/protocols/partition.hpp"
#include "messages/protocols/rules.hpp"
#include "messages/protocols/supervisor.hpp"
#include "runtime/core/engine/level_set.hpp"
#include "runtime/core/engine/route.hpp"
#include "runtime/core/engine/rule_index.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/trace.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <variant>
#include <vector>

namespace eventpulse {

struct rule_router_setup {
  supervisor_actor evaluators;
  alert_recorder_actor recorder;
  history_reader_actor history;
  rule_catalog_actor catalog;
  directory_actor directory;
  std::string worker;
  std::chrono::milliseconds cursor_interval{500};
  std::chrono::milliseconds snapshot_interval{10'000};
  uint64_t snapshot_events = 200'000; // and after so many
  std::shared_ptr<world> surroundings;
  logger log;
  metrics* meters = nullptr;
  tracer traces;
  std::function<void()> went_live; // history is read to its end; may be empty
};

class rule_router_state {
public:
  static inline const char* name = "rule_router";
  using pointer = rule_router_actor::stateful_pointer<rule_router_state>;

  explicit rule_router_state(pointer self) : self_(self) {}
  ~rule_router_state();

  rule_router_actor::behavior_type start(rule_router_setup setup);

private:
  using credit = caf::typed_response_promise<caf::ok_atom>;

  struct segment { // events without a control between them
    std::vector<event> events;
  };
  struct batch_end {
    int64_t clock_ms = 0;
    credit answer; // not pending for pages of history
  };
  using work = std::variant<segment, control_input, batch_end>;

  // --- start (rule_router_start.cpp)
  void load();
  void remove_stale(const evaluation_state& state);
  void compile_in_force(const evaluation_state_ptr& state, size_t next);
  cursor loaded_cursor(const std::string& rule) const;
  void in_force_known();
  void slot_began(uint32_t index);
  void start_feed();
  void read_history();

  // --- end (rule_router_end.cpp)
  void give_back();
  void end(const caf::exit_msg& why);
  void end_further();

  // --- the feed (rule_router_feed.cpp)
  void take_batch(const persisted_batch& batch, credit answer);
  void go_on();
  bool stopped() const;
  void dispatch(segment&& part);
  void finish_batch(batch_end& end);
  void make_step(const cursor& to, routed_batch routed);
  void send_step(rule_slot& slot, uint64_t number, step_ptr what);
  void request_step(rule_slot& slot, uint64_t number, const step_ptr& what);
  void answered(uint32_t index, uint64_t incarnation, uint64_t number,
                const step_outcome& outcome);
  void set_deadline(rule_slot& slot, std::optional<int64_t> deadline);
  void mind_deadline(rule_slot& slot, uint64_t number);
  void settle_credit();
  void record(rule_slot& slot, const step_outcome& outcome);
  void send_commit(outcome_commit what, std::function<void()> then = {});
  void move_global(outcome_commit& into);
  void wish_clock();
  void house();
  void snapshots();
  void snapshot_done();
  void first_snapshot(rule_slot& slot);
  void born(rule_slot& slot);
  void save(std::vector<rule_snapshot> all);
  int64_t time_of_feed() const;

  // --- what people see (rule_router_shown.cpp)
  void trace(const rule_slot& slot, const rule_slot::sent_step& done) const;
  void show_lags();
  void report_counts();

  // --- controls (rule_router_controls.cpp)
  bool apply(const control_input& control);
  bool apply_version(const control_input& control, rule_version wanted);
  bool publish(const compiled_rule_ptr& rule, const order_key& key);
  void replace(rule_slot& slot, const compiled_rule_ptr& rule,
               const cursor& at);
  void replaced(rule_slot& slot, const compiled_rule_ptr& rule,
                const cursor& at, const step_outcome& outcome);
  void retire(rule_slot& slot, const std::string& reason, const order_key& key);
  void close(rule_slot& slot);
  void end_without_evaluator(rule_slot& slot);
  void ended(rule_slot& slot, outcome_commit what,
             std::function<void()> then = {});
  void start_heir(uint32_t index, outcome_commit what = {});
  void drop(rule_slot& slot);

  // --- what operators do to alerts (rule_router_actions.cpp)
  bool apply_action(const control_input& control, const alert_action& action);
  bool resolve_without_evaluator(const placed_action& action);
  void send_action(rule_slot& slot, const placed_action& action);

  // --- one rule's life (rule_router_slots.cpp, rule_router_catch_up.cpp)
  rule_slot& add_slot(const std::string& rule, compiled_rule_ptr compiled,
                      const order_key& published, const cursor& done);
  void start_child(rule_slot& slot);
  void child_up(const std::string& child, const caf::actor& actor);
  void remember(rule_slot& slot);
  void read_memory(rule_slot& slot);
  void begin(rule_slot& slot, rule_memory_ptr memory);
  void began(rule_slot& slot, bool restored, const step_outcome& outcome);
  void child_down(const std::string& child, const caf::error& why);
  void child_parked(const std::string& child, const caf::error& why);
  void leave_level(rule_slot& slot);
  void catch_up(rule_slot& slot);
  void catch_up_next();
  cursor goal_of(const rule_slot& slot) const;
  void caught_page(rule_slot& slot, const history_page& page,
                   const cursor& goal_then);
  void caught_up(rule_slot& slot, const step_outcome& outcome, bool more);
  void join(rule_slot& slot);
  void suspect(rule_slot& slot);
  rule_status status_of(const rule_slot& slot, rule_state state) const;
  void report(const rule_slot& slot, rule_state state);
  void retry_later(rule_slot& slot);
  rule_slot* find(uint32_t index, uint64_t incarnation);
  rule_slot* find_child(const std::string& child);
  order_key first_start(const rule_slot& slot) const;
  order_key replay_start(const rule_slot& slot) const;

  pointer self_;
  rule_router_setup setup_;
  rule_index index_;
  level_set levels_{cursor{}};

  std::vector<std::unique_ptr<rule_slot>> slots_; // by index; null: free
  std::map<std::string, uint32_t> by_rule_;  // the version in force of each
  std::map<std::string, uint32_t> by_child_; // also those that are retiring
  std::set<std::pair<int64_t, uint32_t>> deadlines_;
  uint64_t incarnations_ = 0;
  uint64_t house_ticks_ = 0;
  /// The newest version of each rule that was in force: an older one whose
  /// entry comes later changes nothing.
  std::map<std::string, int64_t> newest_;

  cursor loaded_global_; // as committed when we started
  std::map<std::string, rule_cursor> loaded_rules_;
  std::set<uint32_t> starting_; // slots of the start that have not begun yet
  bool started_ = false;        // the feed runs
  bool live_ = false;           // history is read to its end
  bool page_wanted_ = false;    // a page of history is on its way
  order_key history_at_;        // read up to here

  cursor fed_;            // everything up to here was made into steps
  cursor handed_global_;  // the global cursor as last given to the recorder
  std::deque<work> work_; // taken, not yet fed
  std::deque<std::pair<persisted_batch_ptr, credit>> batches_; // before live
  std::deque<credit> owed_; // batches fed, credit kept back
  bool compiling_ = false;  // a control waits for its rule, or to replace one
  /// The rule of the control that waited; null: it does not compile.
  std::optional<std::pair<order_key, compiled_rule_ptr>> compiled_;
  /// What is kept of the rule whose alert a control resolves.
  std::optional<std::pair<order_key, rule_memory_ptr>> remembered_;
  std::set<uint32_t> holding_; // rules about to join: the feed stands still
  size_t catching_up_ = 0;     // pages under way
  std::deque<uint32_t> catch_up_queue_;
  std::set<uint32_t> retries_; // to look at with the next house tick

  partition_reader_actor reader_;
  int64_t wished_ms_ = 0; // the clock asked for and not seen yet; 0: none
  struct taken_snapshot {
    uint32_t index;
    uint64_t incarnation;
    rule_snapshot_ptr what;
  };
  size_t snapshots_under_way_ = 0;
  size_t saves_under_way_ = 0;       // sent to the recorder
  uint64_t fed_since_snapshots_ = 0; // events
  std::vector<taken_snapshot> snapshots_taken_;

  bool ending_ = false;    // asked to end: nothing more is fed
  bool kept_last_ = false; // the last snapshots were asked for
  bool said_last_ = false; // so was the last commit
};

rule_router_actor::behavior_type
rule_router(rule_router_actor::stateful_pointer<rule_router_state> self,
            const rule_router_setup& setup);

} // namespace eventpulse

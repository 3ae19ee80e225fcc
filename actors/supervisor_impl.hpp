#pragma once
// The inside of the supervisor actor, for its own sources only: supervisor.cpp
// answers what others ask, supervisor_children.cpp carries out what
// core/supervision/restart_decider decides.

#include "actors/supervisor.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/core/supervision/restart_decider.hpp"

#include <caf/actor_cast.hpp>
#include <caf/response_promise.hpp>
#include <caf/result.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace eventpulse::supervisor_detail {

using due_atom = caf::atom_constant<caf::atom("due")>;
using overdue_atom = caf::atom_constant<caf::atom("overdue")>;

// What the supervisor sends to itself besides.
using supervisor_self = supervisor_actor::extend<
    /// The wait with this ticket is over.
    caf::reacts_to<due_atom, uint64_t>,
    /// That incarnation has had its grace.
    caf::reacts_to<overdue_atom, child_key, uint64_t>>;

struct child {
  child_spec spec;
  caf::actor handle; // null between incarnations; keeps the child alive
  uint64_t generation = 0;
  uint64_t restarts = 0;
  std::string last_error;
  caf::error parked_for;
  bool is_killed = false;                     // its grace is over
  std::vector<caf::response_promise> waiters; // told when it is down
};

child_state state_of(child_phase phase);

class supervisor : public supervisor_self::base {
public:
  supervisor(caf::actor_config& cfg, supervisor_options options,
             std::vector<child_spec> children)
      : supervisor_self::base(cfg), options_(std::move(options)),
        initial_(std::move(children)),
        decider_(check(options_.policy).ok() ? options_.policy
                                             : supervision_policy{}),
        random_state_(options_.seed),
        log_(options_.log.with({{"supervisor", options_.name}})) {}

  const char* name() const override { return "supervisor"; }
  supervisor_self::behavior_type make_behavior() override;
  void on_exit() override;

private:
  // --- what others ask -----------------------------------------------------
  caf::result<caf::actor> start_child(child_spec spec);
  caf::result<void> end_child(const std::string& id, bool forget);
  caf::result<caf::actor> restart_child(const std::string& id);
  caf::result<caf::actor> which(const std::string& id) const;
  caf::result<child_statuses> show();
  caf::result<child_tree_ptr> show_tree(uint32_t children_shown_max);
  caf::result<void> subscribe(const child_listener& listener);

  // --- what happens --------------------------------------------------------
  void on_down(const caf::down_msg& d);
  void on_exit_message(const caf::exit_msg& e);
  void on_overdue(child_key key, uint64_t generation);
  void child_ended(child_key key, const caf::error& reason);

  // --- carrying out --------------------------------------------------------
  void perform(supervision_actions actions);
  supervision_actions carry_out(const supervision_action& action);
  supervision_actions start_incarnation(child_key key, bool is_restart);
  void stop(child_key key);
  void park(child_key key, const std::string& why);
  void forget(child_key key);
  void give_up(child_key key, const std::string& why);

  // --- helpers -------------------------------------------------------------
  result<child_key> add(child_spec spec);
  std::vector<child_key> chosen_of(child_tree& tree, size_t count_max) const;
  std::optional<child_key> find(const std::string& id) const;
  caf::result<caf::actor> running_or_failure(child_key key) const;
  void answer_waiters(child& c);
  child_status status_of(child_key key, const child& c) const;
  void schedule_overdue(const child& c, child_key key,
                        std::chrono::milliseconds in);
  double random();
  template <class... Ts>
  void tell(const Ts&... message) const {
    for (const auto& weak : listeners_)
      if (auto listener = caf::actor_cast<child_listener>(weak))
        caf::anon_send(listener, message...);
  }

  supervisor_options options_;
  std::vector<child_spec> initial_; // until it runs
  restart_decider decider_;
  uint64_t random_state_;
  logger log_;
  std::map<child_key, child> children_; // in start order, as in the decider
  std::unordered_map<std::string, child_key> by_id_;
  std::unordered_map<caf::actor_id, child_key> by_actor_; // incarnations
  std::vector<caf::actor_addr> listeners_; // weak: they may hold us
  uint64_t last_generation_ = 0;
  std::string start_failure_; // of the last start that failed
  caf::error exit_reason_;    // what it ends with once all are down
};

} // namespace eventpulse::supervisor_detail

#include "actors/supervisor.hpp"

#include "actors/metered.hpp"
#include "actors/supervisor_impl.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>

#include <algorithm>

namespace eventpulse {

namespace supervisor_detail {

namespace {

// How long a nested supervisor may take to answer for its children: the tree is
// for people, and shown without what does not answer.
constexpr std::chrono::milliseconds tree_patience{500};
constexpr size_t waiters_max = 100; // for the end of one child

struct tree {
  std::vector<child_status> children;
  size_t missing = 0; // answers still awaited
};

} // namespace

child_state state_of(child_phase phase) {
  switch (phase) {
  case child_phase::stopped:
    return child_state::stopped;
  case child_phase::parked:
    return child_state::parked;
  case child_phase::waiting:
  case child_phase::queued:
  case child_phase::starting:
    return child_state::restarting;
  case child_phase::running:
  case child_phase::stopping:
    return child_state::running;
  }
  return child_state::stopped;
}

// --- behaviour ---------------------------------------------------------------

supervisor_self::behavior_type supervisor::make_behavior() {
  set_down_handler([this](caf::down_msg& d) { on_down(d); });
  set_exit_handler([this](caf::exit_msg& e) { on_exit_message(e); });
  set_error_handler([](caf::error&) {});
  set_default_handler(caf::drop);
  auto usable = check(options_.policy);
  for (auto& spec : std::exchange(initial_, {}))
    if (usable.ok())
      if (auto added = add(std::move(spec)); !added.ok())
        usable = added.error();
  if (usable.ok()) {
    perform(decider_.start_all());
  } else {
    log_.error("supervisor_refused", {{"error", to_string(usable.error())}});
    quit(to_error(usable.error()));
  }
  return {
      [this](start_atom, child_spec& s) { return start_child(std::move(s)); },
      [this](terminate_atom, const std::string& id) {
        return end_child(id, false);
      },
      [this](delete_atom, const std::string& id) {
        return end_child(id, true);
      },
      [this](restart_atom, const std::string& id) { return restart_child(id); },
      [this](which_atom, const std::string& id) { return which(id); },
      [this](children_atom) { return show(); },
      [this](children_atom, uint32_t count_max) {
        return show_tree(count_max);
      },
      [this](subscribe_atom, const child_listener& l) { return subscribe(l); },
      [this](due_atom, uint64_t ticket) { perform(decider_.due(ticket)); },
      [this](overdue_atom, child_key key, uint64_t generation) {
        on_overdue(key, generation);
      },
  };
}

// Children never outlive their supervisor, also when it was killed or threw.
void supervisor::on_exit() {
  for (auto& [key, c] : children_) {
    if (c.handle) {
      caf::anon_send_exit(c.handle, caf::exit_reason::kill);
      tell(down_atom::value, c.spec.id, c.generation,
           caf::error{caf::exit_reason::kill});
    }
    for (auto& waiter : c.waiters)
      waiter.deliver(make_error(errc::shutting_down));
  }
  // The specs may hold handles, ours among them.
  children_.clear();
  by_id_.clear();
  by_actor_.clear();
  listeners_.clear();
  initial_.clear();
}

// --- what others ask ---------------------------------------------------------

caf::result<caf::actor> supervisor::start_child(child_spec spec) {
  auto added = add(std::move(spec));
  if (!added.ok())
    return to_error(added.error());
  auto actions = decider_.start(*added);
  if (!actions.ok()) {
    perform(*decider_.remove(*added));
    return to_error(actions.error());
  }
  perform(*std::move(actions));
  return running_or_failure(*added);
}

caf::result<caf::actor> supervisor::restart_child(const std::string& id) {
  auto key = find(id);
  if (!key)
    return errc::not_found;
  auto actions = decider_.restart(*key);
  if (!actions.ok())
    return to_error(actions.error());
  perform(*std::move(actions));
  return running_or_failure(*key);
}

caf::result<void> supervisor::end_child(const std::string& id, bool forget) {
  auto key = find(id);
  if (!key)
    return errc::not_found;
  if (children_.at(*key).waiters.size() >= waiters_max)
    return errc::overloaded;
  auto actions = forget ? decider_.remove(*key) : decider_.terminate(*key);
  if (!actions.ok())
    return to_error(actions.error());
  perform(*std::move(actions));
  if (!decider_.knows(*key) || decider_.is_down(*key))
    return caf::unit;
  auto answer = make_response_promise();
  children_.at(*key).waiters.push_back(answer);
  return answer;
}

caf::result<caf::actor> supervisor::which(const std::string& id) const {
  auto key = find(id);
  if (!key)
    return errc::not_found;
  const auto& c = children_.at(*key);
  if (!c.handle)
    return to_error({errc::unavailable, "the child is not running: " + id});
  return c.handle;
}

caf::result<child_statuses> supervisor::show() {
  auto all = std::make_shared<tree>();
  std::vector<std::pair<size_t, supervisor_actor>> nested;
  for (const auto& [key, c] : children_) {
    if (c.spec.type == child_type::supervisor && c.handle)
      nested.emplace_back(all->children.size(),
                          caf::actor_cast<supervisor_actor>(c.handle));
    all->children.push_back(status_of(key, c));
  }
  auto answer_of = [](tree& t) {
    return std::make_shared<const std::vector<child_status>>(
        std::move(t.children));
  };
  if (nested.empty())
    return child_statuses{answer_of(*all)};
  auto answer = make_response_promise<child_statuses>();
  all->missing = nested.size();
  auto one_less = [all, answer, answer_of]() mutable {
    if (--all->missing == 0)
      answer.deliver(child_statuses{answer_of(*all)});
  };
  for (const auto& [place, who] : nested)
    request(who, tree_patience, children_atom::value)
        .then(
            [all, place = place,
             one_less](const child_statuses& below) mutable {
              all->children[place].children = *below;
              one_less();
            },
            [one_less](const caf::error&) mutable { one_less(); });
  return answer;
}

caf::result<void> supervisor::subscribe(const child_listener& listener) {
  auto address = listener.address();
  if (std::find(listeners_.begin(), listeners_.end(), address) !=
      listeners_.end())
    return caf::unit;
  if (listeners_.size() >= listeners_max)
    return errc::overloaded;
  listeners_.push_back(address);
  monitor(listener);
  for (const auto& [key, c] : children_)
    if (c.handle)
      caf::anon_send(listener, up_atom::value, c.spec.id, c.generation,
                     c.handle);
    else if (decider_.phase(key) == child_phase::parked)
      caf::anon_send(listener, parked_atom::value, c.spec.id, c.parked_for);
  return caf::unit;
}

// --- helpers -----------------------------------------------------------------

result<child_key> supervisor::add(child_spec spec) {
  if (spec.id.empty() || !spec.start ||
      spec.grace < std::chrono::milliseconds::zero())
    return {errc::invalid, "a child needs an id, a start function and a grace"};
  if (auto fits = check(spec.policy, options_.policy); !fits.ok())
    return fits.error();
  if (by_id_.contains(spec.id))
    return {errc::conflict, "there is a child of this id: " + spec.id};
  if (children_.size() >= children_max)
    return {errc::overloaded, "the supervisor has as many children as it may"};
  auto key = decider_.add(spec.policy);
  by_id_.emplace(spec.id, key);
  children_[key].spec = std::move(spec);
  return key;
}

std::optional<child_key> supervisor::find(const std::string& id) const {
  auto i = by_id_.find(id);
  return i == by_id_.end() ? std::nullopt : std::optional{i->second};
}

caf::result<caf::actor> supervisor::running_or_failure(child_key key) const {
  auto i = children_.find(key);
  if (i != children_.end() && i->second.handle)
    return i->second.handle;
  return to_error({errc::internal, start_failure_});
}

child_status supervisor::status_of(child_key key, const child& c) const {
  return {c.spec.id,    c.spec.policy.kind,
          c.spec.type,  state_of(decider_.phase(key)),
          c.generation, c.restarts,
          c.last_error, {}};
}

} // namespace supervisor_detail

supervisor_actor spawn_supervisor(caf::actor_system& system,
                                  supervisor_options options,
                                  std::vector<child_spec> children) {
  auto* counts = options.counts;
  return spawn_metered_class<supervisor_detail::supervisor>(
      system, counts, "supervisor", std::move(options), std::move(children));
}

supervisor_actor spawn_supervisor(caf::local_actor* parent,
                                  supervisor_options options,
                                  std::vector<child_spec> children) {
  return spawn_supervisor(parent->system(), std::move(options),
                          std::move(children));
}

child_spec nested_supervisor(std::string id, supervisor_options options,
                             std::vector<child_spec> children) {
  child_spec spec;
  spec.id = std::move(id);
  spec.start = [options = std::move(options),
                children = std::move(children)](caf::local_actor* parent) {
    return caf::actor_cast<caf::actor>(
        spawn_supervisor(parent, options, children));
  };
  spec.grace = grace_forever;
  spec.type = child_type::supervisor;
  spec.actor_kind = "supervisor";
  return spec;
}

} // namespace eventpulse

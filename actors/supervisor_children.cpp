#include "actors/supervisor_impl.hpp"
#include "runtime/telemetry/redact.hpp"

#include <caf/exit_reason.hpp>

#include <deque>
#include <exception>

namespace eventpulse::supervisor_detail {

namespace {

constexpr size_t error_bytes_max = 1024;
// For what a killed child's present handler may still take.
constexpr std::chrono::milliseconds kill_patience{5'000};

// Ending when told to, or by oneself without an error, is OTP's "normal" and
// "shutdown".
bool is_normal(const caf::error& reason) {
  return !reason || reason == caf::exit_reason::user_shutdown;
}

std::string text_of(const caf::error& reason) {
  return redact(to_string(to_failure(reason)).substr(0, error_bytes_max));
}

} // namespace

// --- what happens ------------------------------------------------------------

void supervisor::on_down(const caf::down_msg& d) {
  std::erase(listeners_, d.source);
  // An incarnation that was given up on is no longer known.
  if (auto i = by_actor_.find(d.source.id()); i != by_actor_.end())
    child_ended(i->second, d.reason);
}

void supervisor::on_exit_message(const caf::exit_msg& e) {
  // Whoever linked to us and ended in peace does not want us to end.
  if (!e.reason || decider_.is_finishing())
    return;
  exit_reason_ = e.reason;
  perform(decider_.stop_all());
}

void supervisor::on_overdue(child_key key, uint64_t generation) {
  auto i = children_.find(key);
  if (i == children_.end() || !i->second.handle ||
      i->second.generation != generation)
    return;
  auto& c = i->second;
  if (!c.is_killed) {
    c.is_killed = true;
    log_.warn("child_killed", {{"child", c.spec.id}, {"grace", c.spec.grace}});
    send_exit(c.handle, caf::exit_reason::kill);
    schedule_overdue(c, key, kill_patience);
    return;
  }
  // CAF cannot end an actor inside a handler that does not return. Waiting on
  // would hold up everybody else, so it is left to itself.
  log_.error("child_abandoned", {{"child", c.spec.id}});
  demonitor(c.handle);
  child_ended(key, to_error({errc::timed_out, "the child does not end"}));
}

void supervisor::child_ended(child_key key, const caf::error& reason) {
  auto& c = children_.at(key);
  auto how = is_normal(reason) ? child_end::normal : child_end::abnormal;
  auto error = how == child_end::normal ? caf::error{} : reason;
  by_actor_.erase(c.handle.id());
  c.handle = nullptr;
  if (error) {
    c.last_error = text_of(error);
    log_.warn("child_failed", {{"child", c.spec.id},
                               {"generation", c.generation},
                               {"error", c.last_error}});
  } else {
    log_.debug("child_ended",
               {{"child", c.spec.id}, {"generation", c.generation}});
  }
  tell(down_atom::value, c.spec.id, c.generation, error);
  perform(decider_.ended(key, how, clock().now(), random()));
  if (auto i = children_.find(key);
      i != children_.end() && decider_.is_down(key))
    answer_waiters(i->second);
}

// --- carrying out ------------------------------------------------------------

void supervisor::perform(supervision_actions actions) {
  std::deque<supervision_action> todo{actions.begin(), actions.end()};
  while (!todo.empty()) {
    auto action = std::move(todo.front());
    todo.pop_front();
    auto next = carry_out(action);
    todo.insert(todo.end(), next.begin(), next.end());
  }
}

supervision_actions supervisor::carry_out(const supervision_action& action) {
  using verb = supervision_action::verb;
  switch (action.what) {
  case verb::start:
    return start_incarnation(action.child, false);
  case verb::restart:
    return start_incarnation(action.child, true);
  case verb::start_later:
    log_.info("restart_scheduled",
              {{"child", children_.at(action.child).spec.id},
               {"delay", action.delay}});
    delayed_send(supervisor_self{this}, action.delay, due_atom::value,
                 action.ticket);
    break;
  case verb::stop:
    stop(action.child);
    break;
  case verb::park:
    park(action.child, action.reason);
    break;
  case verb::forget:
    forget(action.child);
    break;
  case verb::give_up:
    give_up(action.child, action.reason);
    break;
  case verb::finish:
    quit(exit_reason_);
    break;
  }
  return {};
}

supervision_actions supervisor::start_incarnation(child_key key,
                                                  bool is_restart) {
  auto& c = children_.at(key);
  if (is_restart) {
    ++c.restarts;
    if (options_.counts)
      options_.counts->actor_restarts(c.spec.actor_kind).Increment();
  }
  std::string why = "its start function made no actor";
  try {
    c.handle = c.spec.start(this);
  } catch (const std::exception& e) {
    why = e.what();
  } catch (...) {
    why = "its start function threw";
  }
  if (c.handle && by_actor_.contains(c.handle.id())) {
    why = "its start function gave the actor of another child";
    c.handle = nullptr;
  }
  if (!c.handle) {
    start_failure_ = redact(why.substr(0, error_bytes_max));
    c.last_error = start_failure_;
    log_.warn("child_not_started",
              {{"child", c.spec.id}, {"error", start_failure_}});
    return decider_.failed_to_start(key, clock().now(), random());
  }
  c.generation = ++last_generation_;
  c.is_killed = false;
  by_actor_[c.handle.id()] = key;
  monitor(c.handle);
  log_.debug("child_started",
             {{"child", c.spec.id}, {"generation", c.generation}});
  tell(up_atom::value, c.spec.id, c.generation, c.handle);
  return decider_.started(key, clock().now());
}

void supervisor::stop(child_key key) {
  auto& c = children_.at(key);
  send_exit(c.handle, caf::exit_reason::user_shutdown);
  if (c.spec.grace != grace_forever)
    schedule_overdue(c, key, c.spec.grace);
}

void supervisor::park(child_key key, const std::string& why) {
  auto& c = children_.at(key);
  c.parked_for =
      to_error({errc::unavailable, why + ", the last: " + c.last_error});
  log_.error("child_parked",
             {{"child", c.spec.id}, {"reason", why}, {"error", c.last_error}});
  tell(parked_atom::value, c.spec.id, c.parked_for);
}

void supervisor::forget(child_key key) {
  auto i = children_.find(key);
  answer_waiters(i->second);
  by_id_.erase(i->second.spec.id);
  children_.erase(i);
}

void supervisor::give_up(child_key key, const std::string& why) {
  const auto& c = children_.at(key);
  exit_reason_ = to_error({errc::internal, options_.name + " gives up: " + why +
                                               ", the last of " + c.spec.id +
                                               ": " + c.last_error});
  log_.error("supervisor_gives_up",
             {{"child", c.spec.id}, {"reason", why}, {"error", c.last_error}});
}

// --- helpers -----------------------------------------------------------------

void supervisor::answer_waiters(child& c) {
  for (auto& waiter : std::exchange(c.waiters, {}))
    waiter.deliver(caf::unit);
}

void supervisor::schedule_overdue(const child& c, child_key key,
                                  std::chrono::milliseconds in) {
  delayed_send(supervisor_self{this}, in, overdue_atom::value, key,
               c.generation);
}

// splitmix64 (Vigna); the upper 53 bits make a double in [0, 1).
double supervisor::random() {
  random_state_ += 0x9e3779b97f4a7c15;
  auto z = random_state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

} // namespace eventpulse::supervisor_detail

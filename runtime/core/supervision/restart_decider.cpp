#include "runtime/core/supervision/restart_decider.hpp"

#include "runtime/core/base/check.hpp"
#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace eventpulse {

namespace {

using time_point = restart_decider::time_point;

// Notes a restart; whether there are too many now. The log never holds more
// than restarts_max + 1 times.
bool too_many(std::deque<time_point>& log, const restart_intensity& limit,
              time_point now) {
  log.push_back(now);
  while (now - log.front() > limit.within)
    log.pop_front();
  return log.size() > limit.restarts_max;
}

std::string too_many_text(const restart_intensity& limit) {
  return "more than " + std::to_string(limit.restarts_max) +
         " restarts within " + format_duration_ms(limit.within.count());
}

} // namespace

restart_decider::restart_decider(const supervision_policy& policy)
    : policy_(policy) {
  EP_CHECK(check(policy).ok());
}

// --- what happened -----------------------------------------------------------

supervision_actions restart_decider::start_all() {
  EP_CHECK(stage_ == group_stage::idle && !finishing_);
  supervision_actions out;
  for (auto& [key, c] : children_)
    if (c.phase == child_phase::stopped) {
      c.phase = child_phase::queued;
      queued_.insert(key);
    }
  stage_ = group_stage::starting;
  advance(out);
  return out;
}

supervision_actions restart_decider::started(child_key key, time_point now) {
  auto& c = at(key);
  EP_CHECK(c.phase == child_phase::starting);
  c.phase = child_phase::running;
  c.up_since = now;
  c.asked_from.reset();
  c.is_new = false;
  up_.insert(key);
  supervision_actions out;
  advance(out);
  return out;
}

supervision_actions
restart_decider::failed_to_start(child_key key, time_point now, double random) {
  auto& c = at(key);
  EP_CHECK(c.phase == child_phase::starting);
  supervision_actions out;
  c.phase = child_phase::stopped;
  if (c.is_new) {
    drop(key, out);
  } else if (c.asked_from) {
    c.phase = *std::exchange(c.asked_from, std::nullopt);
  } else if (c.policy.kind == restart_kind::temporary) {
    drop(key, out);
  } else if (!finishing_) {
    c.up_since = now; // a run of no length
    fail(key, now, random, out);
  }
  advance(out);
  return out;
}

supervision_actions restart_decider::ended(child_key key, child_end how,
                                           time_point now, double random) {
  auto& c = at(key);
  EP_CHECK(!is_down(key));
  supervision_actions out;
  bool was_told = c.phase == child_phase::stopping;
  bool in_group = stage_ == group_stage::stopping && key >= group_first_;
  up_.erase(key);
  stopping_.erase(key);
  c.phase = child_phase::stopped;
  if (was_told || finishing_) {
    rest(key, out);
  } else if (c.policy.kind == restart_kind::temporary) {
    drop(key, out);
  } else if (in_group) {
    // It was about to be stopped, so how it ended says nothing.
    c.phase = child_phase::queued;
    queued_.insert(key);
  } else if (c.policy.kind == restart_kind::permanent ||
             how == child_end::abnormal) {
    fail(key, now, random, out);
  }
  advance(out);
  return out;
}

supervision_actions restart_decider::due(uint64_t ticket) {
  supervision_actions out;
  if (finishing_)
    return out;
  if (stage_ == group_stage::waiting && ticket == group_ticket_) {
    stage_ = group_stage::starting;
    advance(out);
    return out;
  }
  auto i = waiting_.find(ticket);
  if (i == waiting_.end())
    return out; // the wait was called off
  auto key = i->second;
  waiting_.erase(i);
  begin_start(key, out);
  return out;
}

supervision_actions restart_decider::stop_all() {
  supervision_actions out;
  if (!finishing_)
    finish(out);
  return out;
}

// --- what somebody asks for --------------------------------------------------

child_key restart_decider::add(const child_policy& policy) {
  EP_CHECK(check(policy, policy_).ok());
  auto key = next_key_++;
  children_[key].policy = policy;
  return key;
}

result<supervision_actions> restart_decider::start(child_key key) {
  auto& c = at(key);
  EP_CHECK(!c.was_started && c.phase == child_phase::stopped);
  auto out = ask(key);
  if (out.ok())
    c.is_new = true;
  return out;
}

result<supervision_actions> restart_decider::restart(child_key key) {
  if (!knows(key))
    return errc::not_found;
  auto phase = at(key).phase;
  if (phase != child_phase::stopped && phase != child_phase::parked)
    return {errc::conflict, "the child is running or will be restarted"};
  return ask(key);
}

result<supervision_actions> restart_decider::terminate(child_key key) {
  return end(key, after_stop::stay);
}

result<supervision_actions> restart_decider::remove(child_key key) {
  return end(key, after_stop::forget);
}

child_phase restart_decider::phase(child_key key) const {
  auto i = children_.find(key);
  EP_CHECK(i != children_.end());
  return i->second.phase;
}

bool restart_decider::is_down(child_key key) const {
  auto p = phase(key);
  return p != child_phase::starting && p != child_phase::running &&
         p != child_phase::stopping;
}

// --- how it is decided -------------------------------------------------------

restart_decider::record& restart_decider::at(child_key key) {
  auto i = children_.find(key);
  EP_CHECK(i != children_.end());
  return i->second;
}

void restart_decider::begin_start(child_key key, supervision_actions& out) {
  auto& c = at(key);
  bool decided = c.was_started && !c.asked_from;
  c.phase = child_phase::starting;
  c.was_started = true;
  out.push_back({decided ? verb::restart : verb::start, key, 0, {}, {}});
}

void restart_decider::begin_stop(child_key key, after_stop then,
                                 supervision_actions& out) {
  auto& c = at(key);
  up_.erase(key);
  stopping_.insert(key);
  c.phase = child_phase::stopping;
  c.then = c.policy.kind == restart_kind::temporary ? after_stop::forget : then;
  out.push_back({verb::stop, key, 0, {}, {}});
}

void restart_decider::drop(child_key key, supervision_actions& out) {
  queued_.erase(key);
  waiting_.erase(at(key).ticket);
  children_.erase(key);
  out.push_back({verb::forget, key, 0, {}, {}});
}

// What was planned for a child when it was told to stop.
void restart_decider::rest(child_key key, supervision_actions& out) {
  auto& c = at(key);
  switch (c.then) {
  case after_stop::stay:
    break;
  case after_stop::queue:
    if (!finishing_) {
      c.phase = child_phase::queued;
      queued_.insert(key);
    }
    break;
  case after_stop::forget:
    drop(key, out);
    break;
  }
}

// A child that is to be restarted: when, with whom, or that it is too often.
void restart_decider::fail(child_key key, time_point now, double random,
                           supervision_actions& out) {
  auto& c = at(key);
  if (now - c.up_since >= policy_.back_off.healthy_after)
    c.in_a_row = 0;
  if (c.in_a_row < std::numeric_limits<uint32_t>::max())
    ++c.in_a_row;
  const auto& own = c.policy.own_intensity;
  if (own && too_many(c.own_restarts, *own, now)) {
    c.phase = child_phase::parked;
    out.push_back({verb::park, key, 0, {}, too_many_text(*own)});
    return;
  }
  if (!own && too_many(restarts_, policy_.intensity, now)) {
    out.push_back(
        {verb::give_up, key, 0, {}, too_many_text(policy_.intensity)});
    finish(out);
    return;
  }
  auto delay = restart_delay(policy_.back_off, c.in_a_row, random);
  switch (policy_.strategy) {
  case restart_strategy::one_for_one:
    c.phase = child_phase::waiting;
    c.ticket = ++last_ticket_;
    waiting_.emplace(c.ticket, key);
    out.push_back({verb::start_later, key, c.ticket, delay, {}});
    break;
  case restart_strategy::one_for_all:
    restart_group(children_.begin()->first, delay);
    break;
  case restart_strategy::rest_for_one:
    restart_group(key, delay);
    break;
  }
}

void restart_decider::restart_group(child_key first,
                                    std::chrono::milliseconds delay) {
  bool is_pending =
      stage_ == group_stage::stopping || stage_ == group_stage::waiting;
  group_first_ = is_pending ? std::min(group_first_, first) : first;
  group_delay_ = is_pending ? std::max(group_delay_, delay) : delay;
  stage_ = group_stage::stopping;
  for (auto i = children_.lower_bound(group_first_); i != children_.end(); ++i)
    if (i->second.phase == child_phase::stopped) {
      i->second.phase = child_phase::queued;
      queued_.insert(i->first);
    }
}

void restart_decider::finish(supervision_actions& out) {
  finishing_ = true;
  stage_ = group_stage::idle;
  for (auto key : queued_)
    at(key).phase = child_phase::stopped;
  for (auto [ticket, key] : waiting_)
    at(key).phase = child_phase::stopped;
  queued_.clear();
  waiting_.clear();
  advance(out);
}

void restart_decider::advance(supervision_actions& out) {
  if (!finishing_) {
    advance_group(out);
    return;
  }
  if (finished_ || !stopping_.empty())
    return;
  if (!up_.empty()) {
    begin_stop(*up_.rbegin(), after_stop::stay, out);
    return;
  }
  finished_ = true;
  out.push_back({verb::finish, 0, 0, {}, {}});
}

void restart_decider::advance_group(supervision_actions& out) {
  switch (stage_) {
  case group_stage::idle:
  case group_stage::waiting:
    return;
  case group_stage::stopping:
    if (stopping_.lower_bound(group_first_) != stopping_.end())
      return;
    if (up_.lower_bound(group_first_) != up_.end()) {
      begin_stop(*up_.rbegin(), after_stop::queue, out);
      return;
    }
    if (queued_.empty()) { // all its members were terminated meanwhile
      stage_ = group_stage::idle;
      return;
    }
    stage_ = group_stage::waiting;
    group_ticket_ = ++last_ticket_;
    out.push_back(
        {verb::start_later, *queued_.begin(), group_ticket_, group_delay_, {}});
    return;
  case group_stage::starting:
    if (queued_.empty()) {
      stage_ = group_stage::idle;
      return;
    }
    begin_start(queued_.extract(queued_.begin()).value(), out);
    return;
  }
}

// A start that somebody waits for, with a clean record.
result<supervision_actions> restart_decider::ask(child_key key) {
  if (finishing_)
    return errc::shutting_down;
  if (stage_ != group_stage::idle)
    return {errc::unavailable, "the siblings are being restarted"};
  auto& c = at(key);
  c.asked_from = c.phase;
  c.in_a_row = 0;
  c.own_restarts.clear();
  supervision_actions out;
  begin_start(key, out);
  return out;
}

result<supervision_actions> restart_decider::end(child_key key,
                                                 after_stop then) {
  if (!knows(key))
    return errc::not_found;
  auto& c = at(key);
  supervision_actions out;
  switch (c.phase) {
  case child_phase::stopping:
    if (c.then != after_stop::forget)
      c.then = then;
    return out;
  case child_phase::running:
    begin_stop(key, then, out);
    return out;
  case child_phase::starting:
    // It would be stopped as soon as it is up; a start takes no time, so this
    // is not worth a state of its own.
    return {errc::unavailable, "the child is being started"};
  case child_phase::stopped:
  case child_phase::parked:
  case child_phase::waiting:
  case child_phase::queued:
    break;
  }
  queued_.erase(key);
  waiting_.erase(c.ticket);
  c.phase = child_phase::stopped;
  if (then == after_stop::forget || c.policy.kind == restart_kind::temporary)
    drop(key, out);
  advance(out);
  return out;
}

} // namespace eventpulse

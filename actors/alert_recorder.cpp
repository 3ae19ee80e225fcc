#include "actors/alert_recorder.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/delivery/render.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

void append(outcome_commit& into, const outcome_commit& more) {
  if (more.global) {
    if (into.global)
      into.global->next = more.global->next;
    else
      into.global = more.global;
  }
  for (auto& removed : more.rules_removed) {
    std::erase_if(into.rules,
                  [&](const rule_cursor& c) { return c.rule == removed; });
    into.rules_removed.push_back(removed);
  }
  for (auto& moved : more.rules) {
    std::erase_if(into.rules,
                  [&](const rule_cursor& c) { return c.rule == moved.rule; });
    into.rules.push_back(moved);
  }
  auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  add(into.changes, more.changes);
  add(into.acknowledged, more.acknowledged);
  add(into.deliveries, more.deliveries);
  add(into.statuses, more.statuses);
  add(into.dead, more.dead);
}

/// Not the fault of what was to be written.
bool is_passing(errc code) {
  return code == errc::fenced || code == errc::outcome_unknown ||
         retryable(code);
}

/// Outcomes are never given up; a snapshot that cannot be written is, and the
/// next one of its rule stands alone.
bool is_tried_again(
    const std::variant<outcome_commit_ptr, rule_snapshots>& what, errc code) {
  return code != errc::fenced &&
         (is_passing(code) || std::holds_alternative<outcome_commit_ptr>(what));
}

} // namespace

alert_recorder_state::~alert_recorder_state() {
  for (auto& j : queue_)
    j.done.deliver(make_error(errc::outcome_unknown));
}

alert_recorder_actor::behavior_type
alert_recorder_state::start(alert_recorder_setup setup) {
  setup_ = std::move(setup);
  store_ = setup_.open_store();
  self_->set_error_handler([](caf::error&) {});
  caf::anon_send(setup_.directory, follow_atom::value, std::string("notifier"),
                 caf::actor_cast<caf::actor>(self_));
  return {
      [this](record_atom, const outcome_commit_ptr& what) {
        auto done = self_->make_response_promise<caf::ok_atom>();
        queue_.push_back({what, done});
        wake(0ms);
        return done;
      },
      [this](snapshot_atom, const rule_snapshots& all) {
        auto done = self_->make_response_promise<caf::ok_atom>();
        queue_.push_back({all, done});
        wake(0ms);
        return done;
      },
      [this](flush_atom) {
        flushing_ = false;
        flush();
      },
      [this](found_atom, const std::string&, const caf::actor& notifier) {
        notifier_ = caf::actor_cast<notifier_actor>(notifier);
      },
  };
}

void alert_recorder_state::wake(std::chrono::milliseconds delay) {
  if (std::exchange(flushing_, true))
    return;
  if (delay == 0ms)
    self_->send(self_, flush_atom::value);
  else
    self_->delayed_send(self_, delay, flush_atom::value);
}

void alert_recorder_state::flush() {
  if (queue_.empty())
    return;
  result<void> outcome;
  size_t jobs = 1;
  if (std::holds_alternative<rule_snapshots>(queue_.front().what)) {
    std::vector<rule_snapshot> all;
    jobs = gather(all);
    outcome = save(all);
  } else {
    outcome_commit all;
    jobs = gather(all);
    auto began_ns = setup_.traces.now_ns();
    outcome = commit(all);
    if (outcome)
      after_commit(all, began_ns);
    else if (!again(outcome.error(), jobs))
      return;
  }
  if (!outcome && is_tried_again(queue_.front().what, outcome.error().code)) {
    ++failures_;
    jobs_tried_ = jobs;
    setup_.log.warn("record_retry", {{"failures", failures_},
                                     {"reason", to_string(outcome.error())}});
    return wake(std::min<std::chrono::milliseconds>(
        100ms * (1u << std::min(failures_, 5u)), 2s));
  }
  failures_ = 0;
  jobs_max_ = commits_gathered_max;
  finish(jobs, outcome);
  if (!queue_.empty())
    wake(0ms);
}

size_t alert_recorder_state::gather(std::vector<rule_snapshot>& into) const {
  size_t jobs = 0;
  for (auto& j : queue_) {
    auto* snapshots = std::get_if<rule_snapshots>(&j.what);
    if (!snapshots || jobs == commits_gathered_max)
      break;
    into.insert(into.end(), (*snapshots)->begin(), (*snapshots)->end());
    ++jobs;
  }
  return jobs;
}

/// One that PostgreSQL refuses must not keep the others from being saved.
result<void> alert_recorder_state::save(const std::vector<rule_snapshot>& all) {
  auto outcome = store_->save_snapshots(setup_.lease, all);
  if (outcome || is_passing(outcome.error().code))
    return outcome;
  for (auto& one : all) {
    auto alone =
        all.size() == 1 ? outcome : store_->save_snapshots(setup_.lease, {one});
    if (alone)
      continue;
    if (is_passing(alone.error().code))
      return alone;
    setup_.log.error(
        "snapshot_refused",
        {{"rule", one.rule}, {"reason", to_string(alone.error())}});
  }
  return outcome;
}

size_t alert_recorder_state::gather(outcome_commit& into) const {
  into.lease = setup_.lease;
  into.worker = setup_.worker;
  into.delivery_lease_ms = setup_.delivery_lease.count();
  // What is tried again is what was tried, or a commit that happened after
  // all would not be recognised.
  auto jobs_max = failures_ > 0 ? jobs_tried_ : commits_gathered_max;
  size_t jobs = 0;
  for (auto& j : queue_) {
    auto* commit = std::get_if<outcome_commit_ptr>(&j.what);
    if (!commit || jobs == std::min(jobs_max, jobs_max_))
      break;
    append(into, **commit);
    ++jobs;
  }
  return jobs;
}

result<void> alert_recorder_state::commit(const outcome_commit& all) {
  auto done = store_->commit(all);
  if (done)
    return done;
  auto code = done.error().code;
  if (code == errc::outcome_unknown || (code == errc::fenced && failures_ > 0))
    return settle(all, done.error());
  return done;
}

/// False: what was refused for good was taken apart, and is tried so. A commit
/// that PostgreSQL refuses goes alone; refused alone, its alerts become dead
/// letters, and the cursor goes on.
bool alert_recorder_state::again(const failure& why, size_t jobs) {
  if (why.code != errc::rejected)
    return true;
  jobs_max_ = 1;
  if (jobs > 1) {
    wake(0ms);
    return false;
  }
  auto& refused = std::get<outcome_commit_ptr>(queue_.front().what);
  if (refused->changes.empty() && refused->deliveries.empty())
    return true; // nothing to leave out: it is tried again as it is
  auto without = *refused;
  for (auto& change : without.changes) {
    dead_letter letter;
    letter.id = uuid_v5("row/" + change.after.id);
    letter.kind = "row";
    letter.reason = to_string(why);
    letter.original = alert_json(change.after);
    letter.headers_json = "{}";
    letter.created_at_ms = setup_.surroundings->now_ms();
    without.dead.push_back(std::move(letter));
  }
  without.changes.clear();
  without.deliveries.clear();
  setup_.log.error("alert_refused", {{"reason", to_string(why)}});
  refused = share(std::move(without));
  wake(0ms);
  return false;
}

/// An answer was lost, now or at an earlier try: the global cursor tells
/// whether the transaction was committed.
result<void> alert_recorder_state::settle(const outcome_commit& all,
                                          const failure& why) {
  if (!all.global)
    return why;
  auto now = store_->load_start();
  if (!now)
    return failure{errc::unavailable, now.error().detail};
  if (now->global == all.global->next)
    return {};
  if (now->global == all.global->expected && why.code != errc::fenced)
    return failure{errc::unavailable, "the commit did not happen"};
  return failure{errc::fenced, why.detail};
}

void alert_recorder_state::finish(size_t jobs, const result<void>& outcome) {
  for (; jobs > 0; --jobs) {
    if (outcome)
      queue_.front().done.deliver(caf::ok_atom::value);
    else
      queue_.front().done.deliver(to_error(outcome.error()));
    queue_.pop_front();
  }
  if (!outcome && outcome.error().code == errc::fenced)
    setup_.fenced();
}

/// From the start of the transaction to its COMMIT.
void alert_recorder_state::trace(const outcome_commit& all,
                                 int64_t began_ns) const {
  auto end_ns = setup_.traces.now_ns();
  for (auto& change : all.changes) {
    auto& a = change.after;
    if (change.what != alert_change::kind::opened ||
        !setup_.traces.wants(a.traceparent))
      continue;
    setup_.traces.record({"alert " + a.rule,
                          span_kind::internal,
                          trace_stage::alert(a.traceparent, a.id),
                          a.traceparent,
                          began_ns,
                          end_ns,
                          {{"db.system", std::string("postgresql")},
                           {"eventpulse.rule", a.rule},
                           {"eventpulse.alert", a.id}},
                          ""});
  }
}

void alert_recorder_state::after_commit(const outcome_commit& all,
                                        int64_t began_ns) {
  if (setup_.traces.is_on())
    trace(all, began_ns);
  if (setup_.meters) {
    auto now = setup_.surroundings->now_ms();
    for (auto& change : all.changes)
      if (change.what == alert_change::kind::opened)
        setup_.meters->end_to_end().event_to_alert_seconds.Observe(
            static_cast<double>(now - change.after.opened_at_ms) / 1000.0);
  }
  if (all.deliveries.empty() || !notifier_)
    return;
  std::vector<std::string> ids;
  for (auto& d : all.deliveries)
    ids.push_back(d.id);
  caf::anon_send(notifier_, wake_atom::value, share(std::move(ids)));
}

alert_recorder_actor::behavior_type alert_recorder(
    alert_recorder_actor::stateful_pointer<alert_recorder_state> self,
    const alert_recorder_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

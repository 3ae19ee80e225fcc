// The feed: batches become steps, steps become answers, answers become commits.

#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/check.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/delivery/render.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

/// A deadline this near is wished for at once; the reader waits for it.
constexpr int64_t wish_ahead_ms = 500;

/// A rule that nothing concerns is stepped on and kept anew after so long, or a
/// start would read history back to the last event that did.
constexpr int64_t idle_snapshot_age_ms = 300'000;

int64_t time_of(const cursor& c) {
  return std::max(c.key.received_at_ms, c.timer_ms);
}

} // namespace

int64_t rule_router_state::time_of_feed() const {
  return time_of(fed_);
}

// --- batches -----------------------------------------------------------------

/// Cuts a batch at its controls; what was fed before is left out, so a batch
/// that comes again changes nothing.
void rule_router_state::take_batch(const persisted_batch& batch,
                                   credit answer) {
  auto next = batch.events.begin();
  auto events_until = [&](const order_key* end) {
    segment part;
    for (; next != batch.events.end() && (!end || next->key() < *end); ++next)
      part.events.push_back(*next);
    if (!part.events.empty())
      work_.emplace_back(std::move(part));
  };
  for (auto& control : batch.controls) {
    events_until(&control.key);
    work_.emplace_back(control);
  }
  events_until(nullptr);
  work_.emplace_back(batch_end{batch.clock_ms, std::move(answer)});
  go_on();
}

bool rule_router_state::stopped() const {
  return !started_ || compiling_ || ending_ || !holding_.empty();
}

void rule_router_state::go_on() {
  while (!work_.empty() && !stopped()) {
    auto& next = work_.front();
    if (auto* part = std::get_if<segment>(&next)) {
      std::erase_if(part->events,
                    [&](const event& e) { return e.key() <= fed_.key; });
      if (!part->events.empty())
        dispatch(std::move(*part));
    } else if (auto* control = std::get_if<control_input>(&next)) {
      if (!apply(*control))
        return; // it waits for an evaluator and is looked at again
    } else {
      finish_batch(std::get<batch_end>(next));
    }
    work_.pop_front();
  }
  if (!live_)
    read_history();
}

void rule_router_state::dispatch(segment&& part) {
  auto last = part.events.back().key();
  fed_since_snapshots_ += part.events.size();
  make_step({last, std::max(fed_.timer_ms, last.received_at_ms)},
            route(std::move(part.events), index_));
  if (fed_since_snapshots_ >= setup_.snapshot_events)
    snapshots();
}

void rule_router_state::finish_batch(batch_end& end) {
  auto clock = std::max(time_of(fed_), end.clock_ms);
  if (clock > fed_.timer_ms)
    make_step({fed_.key, clock}, {});
  if (wished_ms_ != 0 && clock >= wished_ms_)
    wished_ms_ = 0;
  if (end.answer.pending())
    owed_.push_back(end.answer);
  settle_credit();
  wish_clock();
}

// --- steps -------------------------------------------------------------------

void rule_router_state::make_step(const cursor& to, routed_batch routed) {
  std::map<uint32_t, std::vector<uint32_t>> hits;
  for (auto& concern : routed.concerns)
    hits[concern.slot] = std::move(concern.hits);
  for (auto& [deadline, index] : deadlines_) {
    if (deadline > time_of(to))
      break;
    hits[index];
  }
  std::erase_if(hits, [&](const auto& h) {
    auto& slot = slots_[h.first];
    return !slot || (slot->now != rule_slot::phase::level &&
                     slot->now != rule_slot::phase::starting);
  });
  // Until live, the feed starts where the first rule needs it: the others
  // must not see what lies before their own start.
  if (!live_)
    for (auto& [index, list] : hits)
      std::erase_if(list, [&, from = slots_[index]->read_from](uint32_t i) {
        return routed.batch->at(i).key() <= from;
      });
  std::vector<uint32_t> concerned;
  for (auto& [index, list] : hits)
    concerned.push_back(index);
  fed_ = to;
  auto number = levels_.begin(to, concerned);
  for (auto& [index, list] : hits)
    send_step(*slots_[index], number,
              share(step{routed.batch, std::move(list), to}));
}

void rule_router_state::send_step(rule_slot& slot, uint64_t number,
                                  step_ptr what) {
  slot.unanswered.push_back({number, what, setup_.traces.now_ns()});
  if (slot.ready)
    request_step(slot, number, what);
}

void rule_router_state::request_step(rule_slot& slot, uint64_t number,
                                     const step_ptr& what) {
  self_->request(slot.evaluator, caf::infinite, eval_atom::value, what)
      .then(
          [this, index = slot.index, incarnation = slot.incarnation,
           number](const step_outcome_ptr& outcome) {
            answered(index, incarnation, number, *outcome);
          },
          [this](caf::error&) {
            // Its supervisor tells how the evaluator ended, unless all end.
            if (ending_)
              self_->quit(caf::exit_reason::user_shutdown);
          });
}

void rule_router_state::answered(uint32_t index, uint64_t incarnation,
                                 uint64_t number, const step_outcome& outcome) {
  auto* slot = find(index, incarnation);
  if (!slot)
    return;
  EP_CHECK(!slot->unanswered.empty() &&
           slot->unanswered.front().number == number);
  bool waits_again = false;
  if (setup_.traces.is_on())
    trace(*slot, slot->unanswered.front());
  slot->unanswered.pop_front();
  slot->done = std::max(slot->done, outcome.at);
  set_deadline(*slot, outcome.next_deadline_ms);
  if (slot->now == rule_slot::phase::level)
    mind_deadline(*slot, number);
  levels_.answered(index, number);
  record(*slot, outcome);
  if (slot->unanswered.empty() && !work_.empty())
    waits_again = true; // a control may have waited for it
  if (slot->draining && slot->unanswered.empty()) {
    slot->draining = false;
    slot->read_from = slot->done.key;
    catch_up(*slot);
  }
  settle_credit();
  wish_clock();
  if (waits_again)
    go_on();
  if (!live_)
    read_history();
  end_further();
}

void rule_router_state::set_deadline(rule_slot& slot,
                                     std::optional<int64_t> deadline) {
  if (slot.deadline)
    deadlines_.erase({*slot.deadline, slot.index});
  slot.deadline = deadline;
  if (deadline)
    deadlines_.insert({*deadline, slot.index});
}

/// The answer may name a deadline that later steps have passed already, which
/// did not concern the rule when they were made. The step that reaches it must
/// not be through before the timer has acted.
void rule_router_state::mind_deadline(rule_slot& slot, uint64_t number) {
  if (!slot.deadline)
    return;
  auto reaching = levels_.first_reaching(*slot.deadline, number);
  if (!reaching)
    return;
  if (!slot.unanswered.empty() && slot.unanswered.front().number <= *reaching)
    return; // that step's timers act before the reaching one
  levels_.concern(*reaching, slot.index);
  if (slot.unanswered.empty())
    send_step(slot, *reaching,
              share(step{nullptr, {}, levels_.end_of(*reaching)}));
}

/// A reader gets its credit back while few steps are open; rules that keep the
/// oldest step open beyond that leave the level set. One that retires cannot:
/// its last steps are waited for, and the credit stays here.
void rule_router_state::settle_credit() {
  while (levels_.open_steps() > limits::level_lag_batches_max) {
    bool left = false;
    for (auto index : levels_.oldest_waits_for()) {
      auto& slot = *slots_[index];
      if (slot.now == rule_slot::phase::retiring)
        continue;
      setup_.log.warn("rule_left_behind", {{"rule", slot.rule}});
      leave_level(slot);
      if (!slot.ready)
        slot.unanswered.clear(); // kept for it, never sent
      slot.draining = !slot.unanswered.empty();
      report(slot, rule_state::catching_up);
      if (!slot.draining)
        catch_up(slot);
      left = true;
    }
    if (!left)
      return;
  }
  for (auto& answer : std::exchange(owed_, {}))
    answer.deliver(caf::ok_atom::value);
}

// --- what is committed -------------------------------------------------------

void rule_router_state::record(rule_slot& slot, const step_outcome& outcome) {
  slot.matches += outcome.matches;
  slot.errors += outcome.errors;
  slot.groups = outcome.groups;
  if (!outcome.last_error.empty())
    slot.last_error = outcome.last_error;
  slot.meters.matches(outcome.matches);
  slot.meters.errors(outcome.errors);
  slot.meters.evaluations(outcome.evaluations);
  slot.meters.set_groups(outcome.groups);
  auto detached = slot.now == rule_slot::phase::catching_up;
  if (outcome.changes.empty() && !detached)
    return;
  outcome_commit what;
  auto now = setup_.surroundings->now_ms();
  for (auto& change : outcome.changes) {
    if (change.what == alert_change::kind::opened)
      slot.meters.alert_opened(change.after.severity);
    for (auto& d : deliveries_of(change, now))
      what.deliveries.push_back(std::move(d));
  }
  what.changes = outcome.changes;
  move_global(what);
  if (detached || handed_global_ < slot.done)
    what.rules.push_back({slot.rule, slot.done, detached});
  send_commit(std::move(what));
}

void rule_router_state::move_global(outcome_commit& into) {
  if (!started_ || !(handed_global_ < levels_.global()))
    return;
  into.global = cursor_move{handed_global_, levels_.global()};
  handed_global_ = levels_.global();
}

void rule_router_state::send_commit(outcome_commit what,
                                    std::function<void()> then) {
  self_
      ->request(setup_.recorder, caf::infinite, record_atom::value,
                share(std::move(what)))
      .then(
          [then](caf::ok_atom) {
            if (then)
              then();
          },
          [this](caf::error& e) { self_->quit(e); });
}

// --- clocks and intervals ----------------------------------------------------

/// For the next timer that no step made so far brings about. A rule that is
/// still answering, or not fed with the others, needs no clock for its own.
void rule_router_state::wish_clock() {
  if (!live_ || !reader_)
    return;
  auto fed = time_of(fed_);
  auto found =
      std::find_if(deadlines_.begin(), deadlines_.end(), [&](const auto& due) {
        auto& slot = *slots_[due.second];
        return slot.now == rule_slot::phase::level &&
               (due.first > fed || slot.unanswered.empty());
      });
  if (found == deadlines_.end())
    return;
  auto next = std::max(found->first, fed + 1);
  if (next > setup_.surroundings->now_ms() + wish_ahead_ms)
    return; // the house tick comes back in time
  if (wished_ms_ != 0 && wished_ms_ <= next)
    return;
  wished_ms_ = next;
  caf::anon_send(reader_, clock_atom::value, next);
}

void rule_router_state::house() {
  outcome_commit what;
  move_global(what);
  if (what.global)
    send_commit(std::move(what));
  if (!live_)
    read_history();
  for (auto index : std::exchange(retries_, {})) {
    auto* slot = slots_[index].get();
    if (slot && slot->ready)
      catch_up(*slot);
    else if (slot && slot->evaluator)
      remember(*slot);
  }
  go_on();        // a control may have waited for the store
  wished_ms_ = 0; // a wish may be lost or overtaken; repeating it is harmless
  wish_clock();
  report_counts();
  show_lags();
}

/// Of every rule that moved since its last one; all go to the recorder
/// together, after whatever was recorded before.
void rule_router_state::snapshots() {
  // What changed since a snapshot says nothing if that one is not written.
  if (snapshots_under_way_ > 0 || saves_under_way_ > 0)
    return;
  fed_since_snapshots_ = 0;
  ++snapshots_under_way_;
  for (auto& slot : slots_) {
    if (!slot || slot->now != rule_slot::phase::level || !slot->ready)
      continue;
    auto to = slot->done;
    if (!(slot->snapshot_at < to)) {
      if (time_of(fed_) - time_of(slot->snapshot_at) < idle_snapshot_age_ms)
        continue;
      auto number = levels_.begin(fed_, std::vector<uint32_t>{slot->index});
      send_step(*slot, number, share(step{nullptr, {}, fed_}));
      to = fed_;
    }
    slot->snapshot_at = to;
    ++snapshots_under_way_;
    self_
        ->request(slot->evaluator, caf::infinite, snapshot_atom::value,
                  std::exchange(slot->snapshot_full, false))
        .then(
            [this, index = slot->index,
             incarnation = slot->incarnation](const rule_snapshot_ptr& taken) {
              snapshots_taken_.push_back({index, incarnation, taken});
              snapshot_done();
            },
            [this](caf::error&) { snapshot_done(); });
  }
  snapshot_done();
}

/// The last one sends them all; what was removed meanwhile has no snapshot.
void rule_router_state::snapshot_done() {
  if (--snapshots_under_way_ > 0)
    return;
  std::vector<rule_snapshot> all;
  for (auto& taken : std::exchange(snapshots_taken_, {}))
    if (find(taken.index, taken.incarnation))
      all.push_back(*taken.what);
  save(std::move(all));
  end_further();
}

/// Of a rule that begins: recorded before anything that it raises and before
/// the global cursor passes its place, so there is no moment from which its
/// state could not be made again exactly.
void rule_router_state::first_snapshot(rule_slot& slot) {
  slot.snapshot_full = false;
  self_->request(slot.evaluator, caf::infinite, snapshot_atom::value, true)
      .then(
          [this, index = slot.index,
           incarnation = slot.incarnation](const rule_snapshot_ptr& taken) {
            auto* s = find(index, incarnation);
            if (!s)
              return;
            save({*taken});
            born(*s);
            settle_credit();
          },
          [](caf::error&) {
            // Its supervisor tells how the evaluator ended.
          });
}

/// What it is made of is recorded: the global cursor may pass its place.
void rule_router_state::born(rule_slot& slot) {
  if (slot.birth == 0)
    return;
  if (slot.now == rule_slot::phase::catching_up) {
    outcome_commit what;
    what.rules.push_back({slot.rule, slot.done, true});
    send_commit(std::move(what));
  }
  levels_.answered(slot.index, std::exchange(slot.birth, 0));
}

void rule_router_state::save(std::vector<rule_snapshot> all) {
  if (all.empty())
    return;
  ++saves_under_way_;
  self_
      ->request(setup_.recorder, caf::infinite, snapshot_atom::value,
                share(std::move(all)))
      .then(
          [this](caf::ok_atom) {
            --saves_under_way_;
            end_further();
          },
          [this](caf::error& e) {
            --saves_under_way_;
            if (to_failure(e).code == errc::fenced)
              return self_->quit(e);
            for (auto& slot : slots_) // the next ones stand alone
              if (slot)
                slot->snapshot_full = true;
            end_further();
          });
}

} // namespace eventpulse

// One rule's life under the router: published, begun, behind, replaced, gone.

#include "actors/evaluator.hpp"
#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/delivery/render.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr size_t catching_up_max = 4;    // rules reading history at once
constexpr unsigned deaths_alone_max = 2; // then the event is skipped

/// A bad rule is parked by itself, never fails the others upward. Enough for
/// the event that kills to be found and skipped.
child_policy evaluator_policy() {
  return {restart_kind::permanent, restart_intensity{12, 60'000ms}};
}

} // namespace

// --- look-up -----------------------------------------------------------------

rule_slot* rule_router_state::find(uint32_t index, uint64_t incarnation) {
  auto* slot = slots_[index].get();
  return slot && slot->incarnation == incarnation ? slot : nullptr;
}

rule_slot* rule_router_state::find_child(const std::string& child) {
  auto found = by_child_.find(child);
  return found == by_child_.end() ? nullptr : slots_[found->second].get();
}

// --- controls ----------------------------------------------------------------

/// False: it has to wait; it is applied again when something has changed.
bool rule_router_state::apply(const control_input& control) {
  if (control.key <= loaded_global_.key || control.key <= fed_.key)
    return true; // in force when we loaded, or fed before
  boost::system::error_code wrong;
  auto parsed = json::parse(control.body, wrong);
  auto* body = wrong ? nullptr : parsed.if_object();
  auto* rule = body ? body->if_contains("rule") : nullptr;
  if (!rule || !rule->is_string()) {
    setup_.log.error("control_not_understood",
                     {{"id", control.id}, {"kind", control.kind}});
    return true;
  }
  std::string id(rule->as_string());
  auto present = by_rule_.find(id);
  if (present != by_rule_.end()) {
    auto& slot = *slots_[present->second];
    // The version in force is evaluated up to here first.
    if (slot.now != rule_slot::phase::parked &&
        (slot.now != rule_slot::phase::level || !slot.ready))
      return false;
  }
  if (control.kind == "rule.deleted") {
    if (present != by_rule_.end())
      retire(*slots_[present->second], "rule_removed", control.key);
    make_step({control.key, control.key.received_at_ms}, {});
    return true;
  }
  auto* version = body->if_contains("version");
  auto* document = body->if_contains("document");
  if (control.kind != "rule.published" || !version || !version->is_int64() ||
      !document) {
    setup_.log.error("control_not_understood",
                     {{"id", control.id}, {"kind", control.kind}});
    return true;
  }
  rule_version wanted;
  wanted.id = id;
  wanted.version = version->as_int64();
  wanted.document = json::serialize(*document);
  compiling_ = true;
  self_
      ->request(setup_.catalog, caf::infinite, compile_atom::value,
                share(std::move(wanted)))
      .then(
          [this, key = control.key](const compiled_rule_ptr& compiled) {
            compiling_ = false;
            publish(compiled, key);
            go_on();
          },
          [this, id](caf::error& e) {
            compiling_ = false;
            setup_.log.error(
                "rule_does_not_compile",
                {{"rule", id}, {"reason", to_string(to_failure(e))}});
            go_on(); // a broken rule never replaces a good one
          });
  return true;
}

void rule_router_state::publish(const compiled_rule_ptr& rule,
                                const order_key& key) {
  cursor at{key, std::max(time_of_feed(), key.received_at_ms)};
  auto present = by_rule_.find(rule->id());
  auto* old =
      present == by_rule_.end() ? nullptr : slots_[present->second].get();
  bool lives = rule->mode() != rule_mode::off;
  if (old && lives && old->now == rule_slot::phase::level &&
      old->compiled->fingerprint() == rule->fingerprint()) {
    make_step(at, {});
    old->compiled = rule;
    index_.put(old->index, rule);
    self_->request(old->evaluator, caf::infinite, replace_atom::value, rule)
        .then([](const step_outcome_ptr&) {}, [](caf::error&) {});
    return report(*old, rule_state::active);
  }
  std::optional<uint32_t> old_index;
  bool successor = old != nullptr;
  if (old && old->now == rule_slot::phase::parked)
    drop(*old);
  else if (old) {
    old_index = old->index;
    retire(*old, lives ? "" : "rule_removed", key);
  }
  make_step(at, {});
  if (!lives) {
    outcome_commit what;
    what.statuses.push_back({rule->id(),
                             rule->version(),
                             rule_state::off,
                             setup_.worker,
                             {},
                             0,
                             0,
                             0});
    return send_commit(std::move(what));
  }
  auto& slot = add_slot(rule->id(), rule, key, at);
  slot.backfill_ms = rule->backfill_given() ? rule->backfill_ms()
                     : successor            ? rule->horizon_ms()
                                            : 0;
  if (slot.backfill_ms > 0)
    leave_level(slot);
  if (old_index)
    slots_[*old_index]->heir = slot.index; // starts when that one is through
  else
    start_child(slot);
}

// --- beginning ---------------------------------------------------------------

rule_slot& rule_router_state::add_slot(const std::string& rule,
                                       compiled_rule_ptr compiled,
                                       const order_key& published,
                                       const cursor& done) {
  uint32_t index = 0;
  while (index < slots_.size() && slots_[index])
    ++index;
  if (index == slots_.size())
    slots_.emplace_back();
  auto& slot = *(slots_[index] = std::make_unique<rule_slot>());
  slot.index = index;
  slot.rule = rule;
  slot.child = rule + '@' + std::to_string(compiled->version());
  slot.compiled = compiled;
  slot.published = published;
  slot.done = done;
  if (setup_.meters)
    slot.meters = setup_.meters->rule(rule);
  index_.put(index, std::move(compiled));
  by_rule_[rule] = index;
  by_child_[slot.child] = index;
  return slot;
}

void rule_router_state::start_child(rule_slot& slot) {
  child_spec spec;
  spec.id = slot.child;
  spec.actor_kind = "evaluator";
  spec.policy = evaluator_policy();
  spec.start = [](caf::local_actor* parent) {
    return caf::actor_cast<caf::actor>(spawn_evaluator(*parent));
  };
  self_
      ->request(setup_.evaluators, caf::infinite, start_atom::value,
                std::move(spec))
      .then(
          [](const caf::actor&) {
            // The subscription tells of it, as of every later incarnation.
          },
          [this, child = slot.child](caf::error& e) {
            child_parked(child, e);
          });
}

void rule_router_state::child_up(const std::string& child,
                                 const caf::actor& actor) {
  auto* slot = find_child(child);
  if (!slot || slot->now == rule_slot::phase::retiring)
    return;
  slot->evaluator = caf::actor_cast<evaluator_actor>(actor);
  slot->incarnation = ++incarnations_;
  slot->ready = false;
  remember(*slot);
}

void rule_router_state::remember(rule_slot& slot) {
  if (slot.fresh && slot.published == slot.done.key && !slot.heired)
    return begin(slot, nullptr); // never evaluated before
  self_->request(setup_.history, caf::infinite, snapshot_atom::value, slot.rule)
      .then(
          [this, index = slot.index,
           incarnation = slot.incarnation](const rule_memory_ptr& memory) {
            if (auto* s = find(index, incarnation))
              begin(*s, memory);
          },
          [this, index = slot.index,
           incarnation = slot.incarnation](caf::error& e) {
            setup_.log.warn("memory_retry",
                            {{"reason", to_string(to_failure(e))}});
            if (auto* s = find(index, incarnation))
              retry_later(*s);
          });
}

void rule_router_state::begin(rule_slot& slot, rule_memory_ptr memory) {
  if (memory && memory->state &&
      (memory->state->fingerprint != slot.compiled->fingerprint() ||
       memory->state->engine_version != engine_version)) {
    setup_.log.warn("state_rebuilt",
                    {{"rule", slot.rule}, {"reason", "of another version"}});
    memory = share(rule_memory{nullptr, memory->open});
  }
  bool restored = memory && memory->state;
  auto aloud = slot.done;
  if (restored)
    aloud = std::max(aloud, memory->state->at);
  self_
      ->request(slot.evaluator, caf::infinite, begin_atom::value,
                share(evaluator_start{slot.compiled, aloud, memory}))
      .then(
          [this, restored, index = slot.index,
           incarnation = slot.incarnation](const step_outcome_ptr& outcome) {
            if (auto* s = find(index, incarnation))
              began(*s, restored, *outcome);
          },
          [this, memory, index = slot.index,
           incarnation = slot.incarnation](caf::error& e) {
            auto* s = find(index, incarnation);
            if (!s || to_failure(e).code != errc::corrupt)
              return; // dead: its supervisor tells
            setup_.log.error(
                "state_rebuilt",
                {{"rule", s->rule}, {"reason", to_string(to_failure(e))}});
            begin(*s, share(rule_memory{nullptr, memory->open}));
          });
}

// --- dying -------------------------------------------------------------------

void rule_router_state::child_down(const std::string& child,
                                   const caf::error& why) {
  auto* slot = find_child(child);
  if (!slot)
    return;
  slot->evaluator = nullptr;
  slot->ready = false;
  slot->incarnation = ++incarnations_; // whatever is under way is void
  slot->last_error = to_string(to_failure(why));
  if (slot->now == rule_slot::phase::retiring) {
    auto heir = slot->heir;
    drop(*slot);
    if (heir && slots_[*heir]) {
      slots_[*heir]->heired = true;
      start_child(*slots_[*heir]);
    }
    return settle_credit();
  }
  suspect(*slot);
  if (slot->under_way) {
    slot->under_way = false;
    --catching_up_;
  }
  if (slot->now == rule_slot::phase::level ||
      (slot->now == rule_slot::phase::starting && started_))
    leave_level(*slot);
  slot->unanswered.clear();
  slot->draining = false;
  holding_.erase(slot->index);
  settle_credit();
  go_on();
}

/// What an evaluator died on is fed to the next one an event a step, so that
/// the event that kills alone is found; twice alone is enough.
void rule_router_state::suspect(rule_slot& slot) {
  if (!slot.unanswered.empty())
    slot.suspect_until =
        std::max(slot.suspect_until, slot.unanswered.front().what->to.key);
  if (!slot.under_way)
    return;
  if (!slot.single) {
    slot.suspect_until = std::max(slot.suspect_until, fed_.key);
    return;
  }
  if (++slot.deaths[*slot.single] < deaths_alone_max)
    return;
  slot.skipped.insert(*slot.single);
  slot.deaths.erase(*slot.single);
  auto where = to_string(slot.single->where());
  setup_.log.error(
      "event_skipped",
      {{"rule", slot.rule}, {"position", where}, {"reason", slot.last_error}});
  dead_letter letter;
  letter.id = uuid_v5("evaluation/" + slot.rule + '/' + where);
  letter.kind = "evaluation";
  letter.reason = slot.last_error;
  letter.headers_json = json::serialize(json::object{{"rule", slot.rule}});
  letter.where = slot.single->where();
  letter.created_at_ms = setup_.surroundings->now_ms();
  outcome_commit what;
  what.dead.push_back(std::move(letter));
  send_commit(std::move(what));
}

void rule_router_state::child_parked(const std::string& child,
                                     const caf::error& why) {
  auto* slot = find_child(child);
  if (!slot)
    return;
  slot->last_error = to_string(to_failure(why));
  leave_level(*slot);
  slot->now = rule_slot::phase::parked;
  slot->unanswered.clear();
  set_deadline(*slot, std::nullopt);
  index_.remove(slot->index);
  setup_.log.error("rule_parked",
                   {{"rule", slot->rule}, {"reason", slot->last_error}});
  report(*slot, rule_state::degraded);
  if (!started_)
    return slot_began(slot->index);
  settle_credit();
  go_on();
}

/// Before the global cursor may pass it, its own is written as detached.
void rule_router_state::leave_level(rule_slot& slot) {
  slot.now = rule_slot::phase::catching_up;
  outcome_commit what;
  what.rules.push_back({slot.rule, slot.done, true});
  send_commit(std::move(what));
  levels_.leave(slot.index);
}

void rule_router_state::retry_later(rule_slot& slot) {
  retries_.insert(slot.index);
}

// --- catching up -------------------------------------------------------------

void rule_router_state::catch_up(rule_slot& slot) {
  if (slot.under_way || slot.draining || !slot.ready)
    return;
  if (!started_ ||
      (catching_up_ >= catching_up_max && !holding_.contains(slot.index))) {
    catch_up_queue_.push_back(slot.index);
    return;
  }
  slot.under_way = true;
  ++catching_up_;
  slot.single.reset();
  auto careful = slot.read_from < slot.suspect_until;
  self_
      ->request(setup_.history, caf::infinite, read_atom::value, slot.read_from,
                careful ? 1u : static_cast<uint32_t>(limits::catch_up_page_max))
      .then(
          [this, index = slot.index,
           incarnation = slot.incarnation](const history_page_ptr& page) {
            if (auto* s = find(index, incarnation))
              caught_page(*s, *page);
          },
          [this, index = slot.index,
           incarnation = slot.incarnation](caf::error& e) {
            setup_.log.warn("history_retry",
                            {{"reason", to_string(to_failure(e))}});
            if (auto* s = find(index, incarnation)) {
              s->under_way = false;
              --catching_up_;
              retry_later(*s);
            }
          });
}

void rule_router_state::caught_page(rule_slot& slot, const history_page& page) {
  auto events = page.batch->events;
  auto to = cursor{slot.read_from, 0};
  if (!events.empty())
    to.key = std::max(to.key, events.back().key());
  if (!page.batch->controls.empty())
    to.key = std::max(to.key, page.batch->controls.back().key);
  to.timer_ms = to.key.received_at_ms;
  if (!page.more) { // everything up to the feed was in it
    to.key = std::max(to.key, fed_.key);
    to.timer_ms = std::max(to.key.received_at_ms, fed_.timer_ms);
  }
  if (events.size() == 1)
    slot.single = events.front().key();
  std::vector<uint32_t> hits;
  for (uint32_t i = 0; i < events.size(); ++i)
    if (!slot.skipped.contains(events[i].key()))
      hits.push_back(i);
  auto parse = slot.compiled->needs_data()
                   ? evaluation_batch::data_choice::everything()
                   : evaluation_batch::data_choice::nothing();
  auto what = share(step{evaluation_batch::make(std::move(events), parse),
                         std::move(hits), to});
  slot.read_from = to.key;
  self_->request(slot.evaluator, caf::infinite, eval_atom::value, what)
      .then(
          [this, more = page.more, index = slot.index,
           incarnation = slot.incarnation](const step_outcome_ptr& outcome) {
            if (auto* s = find(index, incarnation))
              caught_up(*s, *outcome, more);
          },
          [](caf::error&) {
            // Its supervisor tells how the evaluator ended.
          });
}

void rule_router_state::caught_up(rule_slot& slot, const step_outcome& outcome,
                                  bool more) {
  slot.under_way = false;
  --catching_up_;
  slot.done = std::max(slot.done, outcome.at);
  set_deadline(slot, outcome.next_deadline_ms);
  record(slot, outcome);
  if (!more && !(slot.done < fed_))
    join(slot);
  else {
    if (!more) // the rest is short: the feed waits for it
      holding_.insert(slot.index);
    catch_up(slot);
  }
  while (!catch_up_queue_.empty() && catching_up_ < catching_up_max) {
    auto index = catch_up_queue_.front();
    catch_up_queue_.pop_front();
    if (slots_[index] && slots_[index]->now == rule_slot::phase::catching_up)
      catch_up(*slots_[index]);
  }
}

void rule_router_state::join(rule_slot& slot) {
  slot.now = rule_slot::phase::level;
  outcome_commit what;
  what.rules.push_back({slot.rule, slot.done, false});
  what.statuses.push_back(status_of(slot, rule_state::active));
  send_commit(std::move(what));
  setup_.log.info("rule_caught_up", {{"rule", slot.rule}});
  holding_.erase(slot.index);
  wish_clock();
  go_on();
}

// --- ending ------------------------------------------------------------------

/// Evaluates the version up to the key, then resolves what is open for this
/// reason; without a reason its heir takes the open alerts over.
void rule_router_state::retire(rule_slot& slot, const std::string& reason,
                               const order_key& key) {
  by_rule_.erase(slot.rule);
  index_.remove(slot.index);
  set_deadline(slot, std::nullopt);
  if (slot.now == rule_slot::phase::parked)
    return drop(slot);
  slot.now = rule_slot::phase::retiring;
  cursor until{fed_.key, std::max(time_of_feed(), key.received_at_ms)};
  fed_ = until;
  auto last = levels_.begin(until, std::vector<uint32_t>{slot.index});
  auto closing = levels_.begin(until, std::vector<uint32_t>{slot.index});
  send_step(slot, last, share(step{nullptr, {}, until}));
  close(slot, closing, reason, key.received_at_ms);
}

void rule_router_state::close(rule_slot& slot, uint64_t step,
                              const std::string& reason, int64_t at_ms) {
  auto through = [this, step, reason, index = slot.index,
                  incarnation = slot.incarnation](const step_outcome& outcome) {
    auto* s = find(index, incarnation);
    if (!s)
      return;
    levels_.answered(index, step);
    outcome_commit what;
    what.changes = outcome.changes;
    auto now = setup_.surroundings->now_ms();
    for (auto& change : outcome.changes)
      for (auto& d : deliveries_of(change, now))
        what.deliveries.push_back(std::move(d));
    what.rules_removed.push_back(s->rule);
    if (!s->heir)
      what.statuses.push_back(status_of(*s, rule_state::off));
    auto heir = s->heir;
    drop(*s);
    send_commit(std::move(what), [this, heir] {
      if (heir && slots_[*heir]) {
        slots_[*heir]->heired = true;
        start_child(*slots_[*heir]);
      }
    });
    settle_credit();
  };
  if (reason.empty())
    self_->request(slot.evaluator, caf::infinite, snapshot_atom::value, false)
        .then([through](const rule_snapshot_ptr&) { through({}); },
              [](caf::error&) {});
  else
    self_
        ->request(slot.evaluator, caf::infinite, close_atom::value, reason,
                  at_ms)
        .then([through](const step_outcome_ptr& o) { through(*o); },
              [](caf::error&) {});
}

void rule_router_state::drop(rule_slot& slot) {
  levels_.leave(slot.index);
  set_deadline(slot, std::nullopt);
  index_.remove(slot.index);
  holding_.erase(slot.index);
  if (auto named = by_rule_.find(slot.rule);
      named != by_rule_.end() && named->second == slot.index)
    by_rule_.erase(named);
  by_child_.erase(slot.child);
  self_
      ->request(setup_.evaluators, caf::infinite, delete_atom::value,
                slot.child)
      .then([] {}, [](caf::error&) {});
  slots_[slot.index].reset();
}

// --- telling -----------------------------------------------------------------

rule_status rule_router_state::status_of(const rule_slot& slot,
                                         rule_state state) const {
  return {slot.rule,       slot.compiled->version(),
          state,           setup_.worker,
          slot.last_error, slot.groups,
          slot.matches,    slot.errors};
}

void rule_router_state::report(const rule_slot& slot, rule_state state) {
  outcome_commit what;
  what.statuses.push_back(status_of(slot, state));
  send_commit(std::move(what));
}

} // namespace eventpulse

// One rule's life under the router: begun, dead, parked, behind.

#include "actors/evaluator.hpp"
#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/limits.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

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
  spec.start = [meters = setup_.meters](caf::local_actor* parent) {
    return caf::actor_cast<caf::actor>(spawn_evaluator(*parent, meters));
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
  if (!slot)
    return;
  if (slot->now == rule_slot::phase::parked) { // restarted by hand
    slot->now = rule_slot::phase::catching_up;
    index_.put(slot->index, slot->compiled);
  }
  slot->evaluator = caf::actor_cast<evaluator_actor>(actor);
  slot->incarnation = ++incarnations_;
  slot->ready = false;
  remember(*slot);
}

/// Reads what is kept of the rule when everything that was recorded of it so
/// far is committed.
void rule_router_state::remember(rule_slot& slot) {
  if (slot.fresh && slot.published == slot.done.key && !slot.heired)
    return begin(slot, nullptr); // never evaluated before
  if (!started_)
    return read_memory(slot);
  send_commit({}, [this, index = slot.index, incarnation = slot.incarnation] {
    if (auto* s = find(index, incarnation))
      read_memory(*s);
  });
}

void rule_router_state::read_memory(rule_slot& slot) {
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
                share(evaluator_start{slot.compiled, aloud, replay_start(slot),
                                      memory}))
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
  slot->closing = false;
  retries_.erase(slot->index);
  suspect(*slot);
  if (slot->under_way) {
    slot->under_way = false;
    --catching_up_;
  }
  if (slot->now == rule_slot::phase::level ||
      (slot->now == rule_slot::phase::starting && started_))
    leave_level(*slot);
  if (slot->now != rule_slot::phase::retiring)
    slot->unanswered.clear();
  slot->draining = false;
  holding_.erase(slot->index);
  settle_credit();
  catch_up_next();
  go_on();
  end_further();
}

/// What an evaluator died on is fed to the next one an event a step, so that
/// the event that kills alone is found; twice alone is enough.
void rule_router_state::suspect(rule_slot& slot) {
  // A rule that retires owes no answer about an event.
  if (!slot.unanswered.empty() && slot.now != rule_slot::phase::retiring)
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
  if (slot->now == rule_slot::phase::retiring) {
    end_without_evaluator(*slot);
    settle_credit();
    return go_on();
  }
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

/// Before the global cursor may pass it, its own is written as detached. A rule
/// at the level has seen everything that is through, whether it concerned it or
/// not.
void rule_router_state::leave_level(rule_slot& slot) {
  if (slot.now == rule_slot::phase::level)
    slot.done = std::max(slot.done, levels_.global());
  slot.now = rule_slot::phase::catching_up;
  if (!slot.waits) {
    outcome_commit what;
    what.rules.push_back({slot.rule, slot.done, true});
    send_commit(std::move(what));
  }
  slot.birth = 0;
  levels_.leave(slot.index);
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

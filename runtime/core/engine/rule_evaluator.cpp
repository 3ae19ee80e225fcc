#include "runtime/core/engine/rule_evaluator.hpp"

#include "runtime/core/engine/evaluator_state.hpp"

#include <algorithm>

namespace eventpulse {

rule_evaluator::state::state(compiled_rule_ptr rule, cursor aloud_after,
                             order_key from)
    : rule_(std::move(rule)), program_(&rule_->program()),
      aloud_after_(aloud_after), activate_at_(aloud_after), at_{from, 0} {
  if (rule_->document().window)
    plan_.emplace(*rule_->document().window);
}

int64_t rule_evaluator::state::aloud_ms() const {
  return time_of(aloud_after_);
}

bool rule_evaluator::state::activation_lies_before(const cursor& to) const {
  return to >= activate_at_ || time_of(to) > time_of(activate_at_);
}

void rule_evaluator::state::run_timers(int64_t until_ms) {
  while (auto* g = groups_.first_due()) {
    const auto deadline = *g->deadline;
    if (deadline > until_ms)
      return;
    if (!activated_ && deadline > time_of(activate_at_)) {
      activate();
      continue;
    }
    aloud_ = deadline > aloud_ms();
    on_timer(*g, deadline);
  }
}

// Everything up to the activation first, then the activation.
void rule_evaluator::state::reach_activation() {
  if (activated_)
    return;
  run_timers(time_of(activate_at_));
  if (!activated_)
    activate();
}

void rule_evaluator::state::take_event(const evaluation_batch_ptr& batch,
                                       size_t index) {
  const auto& e = batch->at(index);
  const auto key = e.key();
  if (key <= at_.key)
    return;
  if (key > activate_at_.key)
    reach_activation();
  run_timers(e.received_at_ms);
  aloud_ = key > aloud_after_.key;
  const glance at{e.received_at_ms, &batch, index};
  const auto view = batch->view(index);
  ++out_.evaluations;
  const auto matches = evaluate(program_->when, {&view, 1});
  at_.key = key;
  if (matches.is_error())
    return count_error(matches, "when");
  if (!matches.is_true())
    return;
  ++out_.matches;
  group identity;
  if (!identify(view, identity))
    return;
  if (rule_->document().kind == rule_kind::match &&
      rule_->document().alert.cooldown_ms == 0)
    return open_match(identity, at, view); // there is nothing to remember
  auto& g = group_for(std::move(identity), at);
  uint64_t left_out = 0;
  const auto samples = samples_of(view, left_out);
  on_event(g, at, samples, left_out);
}

step_outcome rule_evaluator::state::evaluate(const step& what) {
  out_ = {};
  auto by_hand = what.by_hand.begin();
  for (auto index : what.hits) {
    EP_EXPECT(what.batch != nullptr);
    EP_EXPECT(index < what.batch->size());
    for (; by_hand != what.by_hand.end() &&
           by_hand->key < what.batch->at(index).key();
         ++by_hand)
      take_by_hand(*by_hand);
    take_event(what.batch, index);
  }
  for (; by_hand != what.by_hand.end(); ++by_hand)
    take_by_hand(*by_hand);
  if (activation_lies_before(what.to))
    reach_activation();
  run_timers(time_of(what.to));
  return end_step(what.to);
}

step_outcome rule_evaluator::state::end_step(const cursor& to) {
  settle_busy();
  at_ = std::max(at_, to);
  out_.next_deadline_ms = next_deadline_ms();
  out_.at = at_;
  out_.groups = groups_.size();
  return std::move(out_);
}

// Alerts get the form that their last hit gave them, and groups let go of the
// batch.
void rule_evaluator::state::settle_busy() {
  for (auto* g : busy_) {
    if (g == nullptr)
      continue;
    settle(*g);
    if (g->newest_in) {
      g->newest = g->newest_in->at(g->newest_at);
      g->newest_in.reset();
    }
    g->busy = false;
  }
  busy_.clear();
  std::erase_if(out_.changes,
                [](const alert_change& c) { return c.after.id.empty(); });
}

void rule_evaluator::state::make_busy(group& g) {
  groups_.mark_changed(g);
  if (g.busy)
    return;
  g.busy = true;
  busy_.push_back(&g);
}

step_outcome rule_evaluator::state::replace(compiled_rule_ptr rule,
                                            const cursor& at) {
  EP_EXPECT(rule->fingerprint() == rule_->fingerprint());
  out_ = {};
  rule_ = std::move(rule);
  program_ = &rule_->program();
  // Cooldown and resolve_after are no part of the state.
  for (auto* g : groups_.sorted())
    groups_.schedule(*g, deadline_of(*g));
  if (activated_) {
    aloud_ = true;
    for (auto* g = groups_.first_due(); g && *g->deadline <= time_of(at);
         g = groups_.first_due())
      on_timer(*g, *g->deadline);
  }
  return end_step(at);
}

std::optional<int64_t> rule_evaluator::state::next_deadline_ms() const {
  const auto* first = groups_.first_due();
  auto due = first ? first->deadline : std::nullopt;
  if (activated_)
    return due;
  const auto activation = time_of(activate_at_);
  return due ? std::min(*due, activation) : activation;
}

std::vector<alert_change>
rule_evaluator::state::close_all(std::string_view reason, int64_t at_ms) {
  out_ = {};
  aloud_ = true;
  for (auto* g : groups_.sorted()) {
    if (!g->open)
      continue;
    make_busy(*g);
    resolve(*g, reason, at_ms);
    reschedule(*g, at_ms);
  }
  settle_busy();
  auto changes = std::move(out_.changes);
  for (auto& a : adopted_) {
    a.state = alert_state::resolved;
    a.resolved_at_ms = at_ms;
    a.resolve_reason = reason;
    changes.push_back({alert_change::kind::resolved, a,
                       told(a, alert_change::kind::resolved)});
  }
  adopted_.clear();
  own_changed_ = true;
  return changes;
}

// --- the evaluator -----------------------------------------------------------

rule_evaluator::rule_evaluator(compiled_rule_ptr rule, cursor aloud_after,
                               order_key from)
    : state_(std::make_unique<state>(std::move(rule), aloud_after, from)) {}
rule_evaluator::~rule_evaluator() = default;
rule_evaluator::rule_evaluator(rule_evaluator&&) noexcept = default;
rule_evaluator& rule_evaluator::operator=(rule_evaluator&&) noexcept = default;

void rule_evaluator::adopt(std::vector<alert> open) {
  state_->adopt(std::move(open));
}

step_outcome rule_evaluator::evaluate(const step& what) {
  return state_->evaluate(what);
}

rule_snapshot rule_evaluator::take_snapshot() {
  return state_->take_snapshot();
}

void rule_evaluator::take_full_snapshot_next() {
  state_->take_full_snapshot_next();
}

result<void> rule_evaluator::restore(const rule_snapshot& from) {
  auto fresh = std::make_unique<state>(state_->rule(), state_->aloud_after(),
                                       order_key{});
  if (auto loaded = fresh->load(from); !loaded)
    return loaded;
  state_ = std::move(fresh);
  return {};
}

step_outcome rule_evaluator::replace(compiled_rule_ptr rule, const cursor& at) {
  return state_->replace(std::move(rule), at);
}

std::optional<int64_t> rule_evaluator::next_deadline_ms() const {
  return state_->next_deadline_ms();
}

cursor rule_evaluator::at() const {
  return state_->at();
}

size_t rule_evaluator::groups() const {
  return state_->groups();
}

const compiled_rule_ptr& rule_evaluator::rule() const {
  return state_->rule();
}

std::vector<alert_change> rule_evaluator::close_all(std::string_view reason,
                                                    int64_t at_ms) {
  return state_->close_all(reason, at_ms);
}

} // namespace eventpulse

// What events and timers do to their group.

#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/engine/evaluator_state.hpp"
#include "runtime/core/engine/group_codec.hpp"
#include "runtime/core/engine/group_key.hpp"
#include "runtime/core/windows/rule_time.hpp"

#include <algorithm>

namespace eventpulse {

cel::value
rule_evaluator::state::evaluate(const program_ptr& p,
                                std::span<const cel::value> slots) const {
  return p->evaluate(cel::activation{slots});
}

void rule_evaluator::state::count_error(const cel::value& error,
                                        std::string_view where) {
  ++out_.errors;
  out_.last_error = std::string{where} + ": " + error.error_text();
}

// --- which group -------------------------------------------------------------

bool rule_evaluator::state::identify(const cel::value& event, group& out) {
  std::vector<cel::value> values;
  values.reserve(program_->group_by.size());
  for (const auto& p : program_->group_by) {
    values.push_back(evaluate(p, {&event, 1}));
    if (values.back().is_error()) {
      count_error(values.back(), "group_by");
      return false;
    }
  }
  const auto list = cel::value::list(std::move(values));
  out.key = group_key_text(list);
  out.json = json_text(cel::to_json(list));
  if (std::max(out.key.size(), out.json.size()) <= limits::group_key_bytes_max)
    return true;
  count_error(cel::value::error(cel::fault::out_of_range,
                                "the group's values are too long"),
              "group_by");
  return false;
}

group& rule_evaluator::state::group_for(group identity, const glance& at) {
  if (auto* g = groups_.find(identity.key)) {
    groups_.touch(*g, at.what()->key());
    return *g;
  }
  auto values = group_values(identity.json);
  EP_EXPECT(values.has_value()); // it was written a moment ago
  identity.values = std::move(*values);
  return new_group(std::move(identity), at.what()->key(), at.at_ms);
}

group& rule_evaluator::state::new_group(group identity, const order_key& by,
                                        int64_t at_ms) {
  while (groups_.size() >= limits::groups_max) {
    auto& last = groups_.longest_unused();
    if (last.open) {
      make_busy(last);
      resolve(last, "evicted", at_ms);
    }
    drop(last);
    ++out_.evicted;
  }
  auto g = std::make_unique<group>(std::move(identity));
  g->touched = by;
  if (plan_)
    g->window.emplace(*plan_, program_->specs);
  return groups_.insert(std::move(g));
}

void rule_evaluator::state::drop(group& g) {
  if (g.busy) {
    settle(g);
    std::replace(busy_.begin(), busy_.end(), &g, static_cast<group*>(nullptr));
  }
  groups_.erase(g);
}

// --- events ------------------------------------------------------------------

std::vector<sample> rule_evaluator::state::samples_of(const cel::value& event,
                                                      uint64_t& left_out) {
  std::vector<sample> out;
  out.reserve(program_->specs.size());
  for (size_t i = 0; i < program_->specs.size(); ++i) {
    const auto& argument = program_->arguments[i];
    if (argument == nullptr) {
      out.push_back({true, 1, {}});
      continue;
    }
    const auto v = evaluate(argument, {&event, 1});
    out.push_back(sample_of(program_->specs[i].function, v));
    if (out.back().present)
      continue;
    ++left_out;
    count_error(v.is_error()
                    ? v
                    : cel::value::error(cel::fault::invalid_argument,
                                        "no sample: " + cel::to_literal(v)),
                program_->names[i]);
  }
  return out;
}

void rule_evaluator::state::remember(group& g, const glance& at) {
  const auto& d = at.what()->document;
  g.recent.push({at.at_ms, {d.source, d.id}});
  if (g.recent.size() > limits::alert_events_max)
    g.recent.pop();
  if (program_->keeps_event) {
    g.newest_in = *at.batch;
    g.newest_at = at.index;
  }
}

void rule_evaluator::state::on_event(group& g, const glance& at,
                                     const std::vector<sample>& samples,
                                     uint64_t left_out) {
  make_busy(g);
  switch (rule_->document().kind) {
  case rule_kind::match:
    if (may_open(g, at.at_ms))
      open_match(g, at, (*at.batch)->view(at.index));
    break;
  case rule_kind::threshold:
    remember(g, at);
    if (g.window->empty())
      g.left_out = 0;
    g.left_out += left_out;
    g.window->push(at.at_ms, samples, *plan_, program_->specs);
    if (plan_->slides())
      look(g, at, true, time_add(at.at_ms, 1 - plan_->size_ms));
    break;
  case rule_kind::absence:
    remember(g, at);
    g.silent_since = at.at_ms;
    if (g.open)
      resolve(g, "seen", at.at_ms);
    break;
  case rule_kind::sequence:
  case rule_kind::anomaly:
    EP_EXPECT(false); // the compiler lets none through
  }
  reschedule(g, at.at_ms);
}

// --- timers ------------------------------------------------------------------

void rule_evaluator::state::on_timer(group& g, int64_t at_ms) {
  make_busy(g);
  if (g.window) {
    const auto due = g.window->due(*plan_);
    if (due && *due <= at_ms) {
      if (plan_->slides()) {
        g.window->slide(at_ms, *plan_, program_->specs);
        look(g, {at_ms, nullptr, 0}, false,
             time_add(at_ms, 1 - plan_->size_ms));
      } else {
        on_close(g, at_ms);
      }
    }
    if (g.open && g.false_since &&
        at_ms >= time_add(*g.false_since, rule_->resolve_after_ms()))
      resolve(g, "condition", at_ms);
  } else if (g.silent_since) {
    const auto since = *g.silent_since;
    g.silent_since.reset(); // it fires once
    const glance at{at_ms, nullptr, 0};
    open(g, at, view_of(g, at), since);
  }
  reschedule(g, at_ms);
}

// Tumbling, hopping, session. After the last event an open alert needs one look
// at the empty window; from there on nothing can change.
void rule_evaluator::state::on_close(group& g, int64_t at_ms) {
  g.window->begin_close(at_ms, *plan_);
  const bool had_events = g.window->events() > 0;
  if (had_events || g.open) // an empty window opens nothing
    look(g, {at_ms, nullptr, 0}, had_events, g.window->began_ms(at_ms, *plan_));
  g.window->end_close(at_ms, *plan_, g.open && had_events);
  if (plan_->type == window_type::session && g.open && !g.false_since)
    g.false_since = at_ms; // the session is over
}

std::optional<int64_t>
rule_evaluator::state::deadline_of(const group& g) const {
  std::optional<int64_t> out;
  const auto at = [&](int64_t ms) {
    if (!out || ms < *out)
      out = ms;
  };
  if (g.window)
    if (const auto due = g.window->due(*plan_))
      at(*due);
  if (g.open && g.false_since)
    at(time_add(*g.false_since, rule_->resolve_after_ms()));
  const auto& d = rule_->document();
  const auto cooled =
      g.last_opened
          ? std::optional{time_add(*g.last_opened, d.alert.cooldown_ms)}
          : std::nullopt;
  if (g.silent_since) {
    const auto over = time_add(*g.silent_since, d.absence->for_ms);
    at(cooled ? std::max(over, *cooled) : over);
  }
  if (!out && !g.open && cooled)
    at(*cooled); // then there is nothing left to remember
  return out;
}

bool rule_evaluator::state::is_idle(const group& g, int64_t at_ms) const {
  if (g.open || g.silent_since)
    return false;
  if (g.window && (!g.window->empty() || g.window->due(*plan_)))
    return false;
  return may_open(g, at_ms);
}

void rule_evaluator::state::reschedule(group& g, int64_t at_ms) {
  if (is_idle(g, at_ms))
    return drop(g);
  const auto next = deadline_of(g);
  if (next)
    EP_EXPECT(*next > at_ms);
  groups_.schedule(g, next);
}

} // namespace eventpulse

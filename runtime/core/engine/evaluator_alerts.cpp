// The life of alerts: firing, hits, resolved. Texts and values are those of the
// last hit (opening included): a look that finds the condition false, and the
// resolution, leave them alone, so a resolved alert still says what was wrong.

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/trace_stage.hpp"
#include "runtime/core/engine/evaluator_state.hpp"
#include "runtime/core/engine/group_codec.hpp"
#include "runtime/core/engine/group_key.hpp"
#include "runtime/core/windows/rule_time.hpp"

#include <boost/json/object.hpp>

#include <cmath>

namespace eventpulse {

namespace {

void append(std::vector<event_ref>& to, const event_ref& ref) {
  if (std::find(to.begin(), to.end(), ref) != to.end())
    return;
  if (to.size() == limits::alert_events_max)
    to.erase(to.begin());
  to.push_back(ref);
}

// Those of the group's newest events that came at or after `since_ms`.
void append_recent(const group& g, int64_t since_ms,
                   std::vector<event_ref>& to) {
  for (size_t i = 0; i < g.recent.size(); ++i)
    if (g.recent[i].at_ms >= since_ms)
      append(to, g.recent[i].ref);
}

std::string opening_point(const event* e, int64_t at_ms) {
  return e ? to_string(e->key()) : std::to_string(at_ms) + "/timer";
}

} // namespace

// --- what is seen ------------------------------------------------------------

alert_view rule_evaluator::state::view_of(const group& g,
                                          const glance& at) const {
  alert_view out;
  out.slots.reserve(slot_aggregates + program_->specs.size());
  out.slots.push_back(
      cel::value::error(cel::fault::unknown_name, "event", nullptr));
  out.slots.push_back(g.values);
  if (g.window) {
    auto read = g.window->read(program_->specs);
    out.approximate = read.approximate;
    for (auto& v : read.values)
      out.slots.push_back(std::move(v));
  }
  out.left_out = g.left_out;
  if (at.batch != nullptr) {
    out.keep = *at.batch;
    out.slots[slot_event] = out.keep->view(at.index);
  } else if (program_->condition_sees_event) {
    add_event(g, at, out);
  }
  return out;
}

// A timer sees the group's newest event; it is only parsed where somebody
// looks.
void rule_evaluator::state::add_event(const group& g, const glance& at,
                                      alert_view& view) const {
  if (at.batch != nullptr || view.keep || !program_->keeps_event)
    return;
  if (g.newest_in) {
    view.keep = g.newest_in;
    view.slots[slot_event] = view.keep->view(g.newest_at);
  } else if (g.newest) {
    view.keep = evaluation_batch::make(std::vector{*g.newest});
    view.slots[slot_event] = view.keep->view(0);
  }
}

void rule_evaluator::state::look(group& g, const glance& at, bool counts,
                                 int64_t since_ms) {
  auto view = view_of(g, at);
  const auto v = evaluate(program_->condition, view.slots);
  if (v.is_error())
    count_error(v, "condition");
  g.holds = v.is_true();
  if (g.holds) {
    if (!g.open) {
      if (may_open(g, at.at_ms) && (counts || !g.hushed))
        open(g, at, std::move(view), since_ms);
      return;
    }
    g.false_since.reset();
    if (counts)
      hit(g, at, std::move(view), since_ms);
    return;
  }
  g.hushed = false;
  if (g.open) {
    if (!g.false_since)
      g.false_since = at.at_ms;
    if (at.at_ms >= time_add(*g.false_since, rule_->resolve_after_ms()))
      resolve(g, "condition", at.at_ms);
  }
}

// --- changes -----------------------------------------------------------------

bool rule_evaluator::state::may_open(const group& g, int64_t at_ms) const {
  return !g.last_opened ||
         at_ms >= time_add(*g.last_opened, rule_->document().alert.cooldown_ms);
}

alert rule_evaluator::state::new_alert(const group& g, const std::string& point,
                                       const glance& at) const {
  const auto& d = rule_->document();
  alert a;
  // NUL cannot be in an id or a key, so no two triples share a name.
  a.id = uuid_v5(d.id + '\0' + g.key + '\0' + point);
  a.rule = d.id;
  a.rule_version = rule_->version();
  a.severity = d.severity;
  a.shadow = d.mode == rule_mode::shadow;
  a.group_json = g.json;
  a.values_json = "{}";
  a.count = 1;
  a.opened_at_ms = at.at_ms;
  a.last_seen_ms = at.at_ms;
  a.labels = d.labels;
  if (const auto* e = at.what()) {
    // The alert goes on under this very evaluation.
    a.traceparent = trace_stage::evaluation_of(
        e->document.traceparent, e->document.source, e->document.id, d.id);
    a.tracestate = e->document.tracestate;
  }
  return a;
}

void rule_evaluator::state::open(group& g, const glance& at, alert_view view,
                                 int64_t since_ms) {
  EP_EXPECT(!g.open);
  add_event(g, at, view);
  g.open = new_alert(g, opening_point(at.what(), at.at_ms), at);
  append_recent(g, since_ms, g.open->events);
  g.last_opened = at.at_ms;
  g.false_since.reset();
  g.hushed = false;
  g.view = std::move(view);
  if (!aloud_)
    return;
  g.change = out_.changes.size();
  say(*g.open, alert_change::kind::opened);
}

void rule_evaluator::state::hit(group& g, const glance& at, alert_view view,
                                int64_t since_ms) {
  ++g.open->count;
  g.open->last_seen_ms = at.at_ms;
  if (const auto* e = at.what())
    append(g.open->events, {e->document.source, e->document.id});
  else
    append_recent(g, since_ms, g.open->events);
  g.view = std::move(view);
  if (!aloud_ || g.change != group::none)
    return;
  g.change = out_.changes.size();
  say(*g.open, alert_change::kind::updated);
}

void rule_evaluator::state::resolve(group& g, std::string_view reason,
                                    int64_t at_ms) {
  EP_EXPECT(g.open.has_value());
  const auto change = g.change;
  settle(g);
  auto& a = *g.open;
  a.state = alert_state::resolved;
  a.resolved_at_ms = at_ms;
  a.resolve_reason = reason;
  // An update is folded into the resolution, which keeps its own place.
  if (change != group::none &&
      out_.changes[change].what == alert_change::kind::updated)
    out_.changes[change].after.id.clear(); // end_step() takes it out
  if (aloud_)
    say(a, alert_change::kind::resolved);
  g.open.reset();
  g.false_since.reset();
}

// A value that JSON has no kind for, such as a time, is another one when it is
// read back, and so is its key.
group* rule_evaluator::state::group_of(const std::string& json) {
  if (const auto values = group_values(json))
    if (auto* g = groups_.find(group_key_text(*values)); g && g->json == json)
      return g;
  for (auto* g : groups_.sorted())
    if (g->json == json)
      return g;
  return nullptr;
}

// Before the activation the groups are primed: their alerts are not those that
// were recorded, so the group alone says which one is meant.
void rule_evaluator::state::take_by_hand(const placed_action& action) {
  if (action.key <= at_.key)
    return;
  if (action.key > activate_at_.key)
    reach_activation();
  const auto at_ms = action.key.received_at_ms;
  run_timers(at_ms);
  aloud_ = action.key > aloud_after_.key;
  at_.key = action.key;
  auto* g = group_of(action.what.group_json);
  if (g == nullptr && action.what.group_json == "[]") // erased since
    for (auto* one : groups_.sorted())
      if (one->open && one->open->id == action.what.alert)
        g = one;
  if (g == nullptr || !g->open ||
      (activated_ && g->open->id != action.what.alert))
    return;
  make_busy(*g);
  g->hushed = g->holds;
  resolve(*g, "by_hand", at_ms);
  if (aloud_) {
    auto& said = out_.changes.back().after;
    said.resolved_by = action.what.by;
    said.resolve_comment = action.what.comment;
  }
  reschedule(*g, at_ms);
}

void rule_evaluator::state::open_match(group& g, const glance& at,
                                       const cel::value& event) {
  g.last_opened = at.at_ms;
  if (!aloud_)
    return;
  auto a = new_alert(g, opening_point(at.what(), at.at_ms), at);
  a.state = alert_state::resolved;
  a.resolved_at_ms = at.at_ms;
  a.resolve_reason = "born_resolved";
  a.events.push_back({at.what()->document.source, at.what()->document.id});
  alert_view view;
  view.slots = {event, g.values.is(cel::kind::list)
                           ? g.values
                           : group_values(g.json).value_or(cel::value{})};
  render(view, a);
  say(a, alert_change::kind::opened);
}

// --- texts -------------------------------------------------------------------

void rule_evaluator::state::render(const alert_view& view, alert& into) const {
  const cel::activation in{view.slots};
  into.summary =
      rule_->document().alert.summary.empty()
          ? rule_->display_name()
          : program_->summary.render(in, limits::alert_summary_bytes_max);
  into.details = program_->details.render(in, limits::alert_details_bytes_max);
  into.approximate = view.approximate;
  if (view.left_out > 0) {
    if (!into.details.empty())
      into.details += '\n';
    into.details += std::to_string(view.left_out) +
                    (view.left_out == 1 ? " sample was" : " samples were") +
                    " left out, since no value could be had";
  }
  boost::json::object values;
  for (size_t i = 0; i < program_->names.size(); ++i) {
    const auto& v = view.slots[slot_aggregates + i];
    const bool no_json = v.is(cel::kind::real) && !std::isfinite(v.as_double());
    values[program_->names[i]] =
        no_json ? boost::json::value{} : cel::to_json(v);
  }
  into.values_json = json_text(std::move(values));
}

void rule_evaluator::state::settle(group& g) {
  if (g.view && g.open)
    render(*g.view, *g.open);
  g.view.reset();
  if (g.change != group::none && g.open)
    out_.changes[g.change].after = *g.open;
  g.change = group::none;
}

std::vector<std::string>
rule_evaluator::state::told(const alert& a, alert_change::kind what) const {
  if (a.shadow || what == alert_change::kind::updated)
    return {};
  return rule_->notify();
}

void rule_evaluator::state::say(const alert& a, alert_change::kind what) {
  out_.changes.push_back({what, a, told(a, what)});
}

} // namespace eventpulse

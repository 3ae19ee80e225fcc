#include "runtime/core/windows/group_window.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/windows/rule_time.hpp"

#include <algorithm>
#include <numeric>

namespace eventpulse {

namespace {

// Panes of an inexact sliding window are sketched early: there are many.
constexpr size_t pane_exact_max = 128;

// Panes that can be there at once: one more than the size has, at both ends.
size_t panes_max(const window_plan& plan) {
  if (plan.pane_ms <= 0)
    return 1;
  return static_cast<size_t>(plan.size_ms / plan.pane_ms) + 2;
}

} // namespace

window_plan::window_plan(const window_spec& spec)
    : type(spec.type), size_ms(spec.size_ms), every_ms(spec.every_ms),
      gap_ms(spec.gap_ms), max_ms(spec.max_ms),
      exact_max(limits::distinct_exact_max) {
  switch (type) {
  case window_type::sliding: {
    const int64_t panes = limits::window_panes;
    pane_ms = std::max<int64_t>(1, (size_ms + panes - 1) / panes);
    exact_max = pane_exact_max;
    break;
  }
  case window_type::tumbling:
    every_ms = size_ms;
    pane_ms = size_ms;
    break;
  case window_type::hopping:
    pane_ms = std::gcd(size_ms, every_ms);
    break;
  case window_type::session:
    break;
  }
}

group_window::group_window(const window_plan& plan,
                           const aggregate_specs& specs)
    : in_(plan.slides()
              ? std::variant<sliding_window, pane_window>{sliding_window{specs}}
              : pane_window{plan.exact_max}) {}

// Too many events to keep each: from here on panes.
void group_window::go_over(const window_plan& plan,
                           const aggregate_specs& specs) {
  const auto& exact = std::get<sliding_window>(in_);
  pane_window panes{plan.exact_max};
  for (size_t i = 0; i < exact.size(); ++i)
    panes.push(pane_of(exact.time_of(i), plan.pane_ms), exact.samples_of(i),
               specs);
  in_ = std::move(panes);
}

void group_window::push(int64_t at_ms, const std::vector<sample>& samples,
                        const window_plan& plan, const aggregate_specs& specs) {
  if (auto* exact = std::get_if<sliding_window>(&in_)) {
    if (exact->size() < limits::window_events_exact_max)
      return exact->push(at_ms, samples);
    go_over(plan, specs);
  }
  auto& panes = std::get<pane_window>(in_);
  if (plan.type == window_type::session) {
    if (!close_ms_)
      session_begin_ms_ = at_ms;
    panes.push(0, samples, specs);
    close_ms_ = std::min(time_add(at_ms, plan.gap_ms),
                         time_add(session_begin_ms_, plan.max_ms));
    return;
  }
  panes.push(pane_of(at_ms, plan.pane_ms), samples, specs);
  if (!plan.slides() && !close_ms_)
    close_ms_ = pane_begin(pane_of(at_ms, plan.every_ms) + 1, plan.every_ms);
}

std::optional<int64_t> group_window::due(const window_plan& plan) const {
  if (!plan.slides())
    return close_ms_;
  if (const auto* exact = std::get_if<sliding_window>(&in_))
    return exact->next_leave_ms(plan.size_ms);
  const auto oldest = std::get<pane_window>(in_).oldest();
  if (!oldest)
    return std::nullopt;
  // When the last event that the pane may hold leaves.
  return time_add(time_add(pane_begin(*oldest, plan.pane_ms), plan.pane_ms - 1),
                  plan.size_ms);
}

bool group_window::empty() const {
  return std::visit([](const auto& w) { return w.empty(); }, in_);
}

uint64_t group_window::events() const {
  if (const auto* exact = std::get_if<sliding_window>(&in_))
    return exact->size();
  return std::get<pane_window>(in_).events();
}

group_window::reading group_window::read(const aggregate_specs& specs) const {
  if (const auto* exact = std::get_if<sliding_window>(&in_))
    return {exact->values(specs), false};
  auto panes = std::get<pane_window>(in_).read(specs);
  return {std::move(panes.values), panes.sketched};
}

void group_window::slide(int64_t now_ms, const window_plan& plan,
                         const aggregate_specs& specs) {
  if (auto* exact = std::get_if<sliding_window>(&in_)) {
    exact->expire(now_ms, plan.size_ms);
    return;
  }
  // Inverse of due(): panes whose last possible event has left.
  const auto last_left = time_add(now_ms, -plan.size_ms);
  auto& panes = std::get<pane_window>(in_);
  panes.drop_below(pane_of(time_add(last_left, 1), plan.pane_ms));
  if (panes.empty())
    in_ = sliding_window{specs};
}

void group_window::begin_close(int64_t at_ms, const window_plan& plan) {
  if (plan.type != window_type::session)
    std::get<pane_window>(in_).drop_below(
        pane_of(time_add(at_ms, -plan.size_ms), plan.pane_ms));
}

void group_window::end_close(int64_t at_ms, const window_plan& plan,
                             bool once_more) {
  auto& panes = std::get<pane_window>(in_);
  close_ms_.reset();
  if (plan.type == window_type::session)
    return panes.clear();
  const auto next = time_add(at_ms, plan.every_ms);
  panes.drop_below(pane_of(time_add(next, -plan.size_ms), plan.pane_ms));
  if (!panes.empty() || once_more)
    close_ms_ = next;
}

int64_t group_window::began_ms(int64_t at_ms, const window_plan& plan) const {
  return plan.type == window_type::session ? session_begin_ms_
                                           : time_add(at_ms, -plan.size_ms);
}

void group_window::save(byte_writer& to) const {
  to.u8(static_cast<uint8_t>(in_.index()));
  std::visit([&](const auto& w) { w.save(to); }, in_);
  to.flag(close_ms_.has_value());
  to.i64(close_ms_.value_or(0));
  to.i64(session_begin_ms_);
}

group_window group_window::load(byte_reader& from, const window_plan& plan,
                                const aggregate_specs& specs) {
  group_window out{plan, specs};
  const auto which = from.u8();
  if (which > 1 || (which == 0 && !plan.slides())) {
    from.fail();
    return out;
  }
  if (which == 0)
    out.in_ = sliding_window::load(from, specs);
  else
    out.in_ = pane_window::load(from, specs, plan.exact_max, panes_max(plan));
  const bool closes = from.flag();
  const auto close = from.i64();
  if (closes)
    out.close_ms_ = close;
  out.session_begin_ms_ = from.i64();
  if (closes == plan.slides() && closes)
    from.fail();
  return out;
}

} // namespace eventpulse

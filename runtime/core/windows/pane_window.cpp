#include "runtime/core/windows/pane_window.hpp"

#include "runtime/core/base/check.hpp"

namespace eventpulse {

pane_window::pane pane_window::fresh(int64_t number,
                                     const aggregate_specs& specs) const {
  pane out;
  out.number = number;
  out.sums.reserve(specs.size());
  for (const auto& spec : specs)
    out.sums.emplace_back(spec, exact_max_);
  return out;
}

void pane_window::merge(pane& into, const pane& newer) {
  into.events += newer.events;
  for (size_t i = 0; i < into.sums.size(); ++i)
    into.sums[i].merge(newer.sums[i]);
}

uint64_t pane_window::events() const {
  uint64_t n = 0;
  for (const auto& p : panes_)
    n += p.events;
  return n;
}

void pane_window::push(int64_t number, const std::vector<sample>& samples,
                       const aggregate_specs& specs) {
  EP_EXPECT(samples.size() == specs.size());
  if (panes_.empty() || panes_.back().number < number) {
    // The newest pane is closed now. What was closed before goes on as a left
    // fold, the same that making it anew gives.
    if (closed_ && !panes_.empty())
      merge(*closed_, panes_.back());
    panes_.push_back(fresh(number, specs));
  }
  auto& newest = panes_.back();
  ++newest.events;
  for (size_t i = 0; i < samples.size(); ++i)
    newest.sums[i].add(samples[i]);
}

bool pane_window::drop_below(int64_t number) {
  size_t n = 0;
  while (n < panes_.size() && panes_[n].number < number)
    ++n;
  if (n == 0)
    return false;
  panes_.erase(panes_.begin(), panes_.begin() + static_cast<std::ptrdiff_t>(n));
  closed_.reset();
  return true;
}

void pane_window::clear() {
  panes_.clear();
  closed_.reset();
}

std::optional<int64_t> pane_window::oldest() const {
  return panes_.empty() ? std::nullopt : std::optional{panes_.front().number};
}

pane_window::reading pane_window::read(const aggregate_specs& specs) const {
  pane all = fresh(0, specs);
  if (panes_.size() == 1) {
    all = panes_.front();
  } else if (!panes_.empty()) {
    if (!closed_) {
      closed_ = fresh(0, specs);
      for (size_t i = 0; i + 1 < panes_.size(); ++i)
        merge(*closed_, panes_[i]);
    }
    all = *closed_;
    merge(all, panes_.back());
  }
  reading out;
  out.values.reserve(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    out.values.push_back(all.sums[i].value(specs[i], all.events));
    out.sketched = out.sketched || all.sums[i].approximate();
  }
  return out;
}

void pane_window::save(byte_writer& to) const {
  to.count(panes_.size());
  for (const auto& p : panes_) {
    to.i64(p.number);
    to.u64(p.events);
    for (const auto& s : p.sums)
      s.save(to);
  }
}

pane_window pane_window::load(byte_reader& from, const aggregate_specs& specs,
                              size_t exact_max, size_t panes_max) {
  pane_window out{exact_max};
  const auto n = from.count(16);
  if (n > panes_max)
    from.fail();
  for (size_t i = 0; i < n && from.ok(); ++i) {
    auto p = out.fresh(from.i64(), specs);
    if (i > 0 && p.number <= out.panes_.back().number)
      from.fail();
    p.events = from.u64();
    for (auto& s : p.sums)
      s.load(from);
    out.panes_.push_back(std::move(p));
  }
  return out;
}

} // namespace eventpulse

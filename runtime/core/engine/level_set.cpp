#include "runtime/core/engine/level_set.hpp"

#include "runtime/core/base/check.hpp"

#include <algorithm>

namespace eventpulse {

namespace {

int64_t time_of(const cursor& c) {
  return std::max(c.key.received_at_ms, c.timer_ms);
}

} // namespace

uint64_t level_set::begin(const cursor& end,
                          std::span<const uint32_t> concerned) {
  EP_CHECK(!(end < newest_));
  newest_ = end;
  auto number = first_ + steps_.size();
  steps_.push_back({end, 0});
  for (auto rule : concerned)
    concern(number, rule);
  settle();
  return number;
}

void level_set::concern(uint64_t number, uint32_t rule) {
  EP_CHECK(number >= first_ && number < first_ + steps_.size());
  auto& owed = owed_[rule];
  auto place = std::lower_bound(owed.begin(), owed.end(), number);
  if (place != owed.end() && *place == number)
    return;
  owed.insert(place, number);
  ++at(number).waiting;
}

void level_set::answered(uint32_t rule, uint64_t number) {
  auto found = owed_.find(rule);
  if (found == owed_.end())
    return;
  auto& owed = found->second;
  while (!owed.empty() && owed.front() <= number) {
    --at(owed.front()).waiting;
    owed.pop_front();
  }
  if (owed.empty())
    owed_.erase(found);
  settle();
}

void level_set::leave(uint32_t rule) {
  answered(rule, first_ + steps_.size());
}

std::optional<uint64_t> level_set::first_reaching(int64_t time_ms,
                                                  uint64_t step) const {
  auto number = std::max(step + 1, first_);
  for (; number < first_ + steps_.size(); ++number)
    if (time_of(steps_[number - first_].end) >= time_ms)
      return number;
  return std::nullopt;
}

std::vector<uint32_t> level_set::oldest_waits_for() const {
  std::vector<uint32_t> out;
  for (auto& [rule, owed] : owed_)
    if (owed.front() == first_)
      out.push_back(rule);
  std::sort(out.begin(), out.end());
  return out;
}

void level_set::settle() {
  while (!steps_.empty() && steps_.front().waiting == 0) {
    global_ = steps_.front().end;
    steps_.pop_front();
    ++first_;
  }
}

} // namespace eventpulse

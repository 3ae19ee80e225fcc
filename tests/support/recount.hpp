#pragma once
// The alerts that some stored events must have raised, counted anew and
// naively from what rules mean: for every group, all its events, every moment
// at which something can happen, every window from scratch. Shares nothing with
// the engine.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace eventpulse::test {

struct counted_event {
  std::string ref; // source and id
  int64_t at = 0;  // received_at
  double sample = 0;
  bool has_sample = true;
};

struct counted_values {
  int64_t n = 0;
  double total = 0;
};

struct counted_alert {
  std::string rule;
  std::string group; // JSON
  int64_t opened = 0;
  int64_t count = 1;
  int64_t last_seen = 0;
  int64_t resolved = 0;
  counted_values values;
  std::vector<std::string> events; // newest last

  auto line() const {
    std::string out = rule + ' ' + group + " opened " + std::to_string(opened) +
                      " count " + std::to_string(count) + " seen " +
                      std::to_string(last_seen) + " resolved " +
                      std::to_string(resolved) + " n " +
                      std::to_string(values.n) + " total " +
                      std::to_string(values.total) + " events";
    for (const auto& e : events)
      out += ' ' + e;
    return out;
  }
};

struct counted_rule {
  std::string id;
  bool sliding = true; // else tumbling
  int64_t size = 0;
  int64_t cooldown = 0;
  int64_t resolve_after = 0;
  std::function<bool(const counted_values&)> condition;
};

/// One group of a threshold rule, from its first event until nothing can
/// happen any more.
class group_recount {
public:
  group_recount(const counted_rule& rule, std::string group,
                std::vector<counted_event> events)
      : rule_(rule), group_(std::move(group)), events_(std::move(events)) {}

  std::vector<counted_alert> alerts() {
    for (const auto& e : events_)
      note_moments(e.at);
    while (!moments_.empty()) {
      const auto now = *moments_.begin();
      moments_.erase(moments_.begin());
      timers(now);
      for (; arrived_ < events_.size() && events_[arrived_].at == now;) {
        ++arrived_;
        if (rule_.sliding)
          look(now, now - rule_.size, &events_[arrived_ - 1]);
      }
    }
    return std::move(out_);
  }

private:
  void note_moments(int64_t at) {
    moments_.insert(at);
    moments_.insert(rule_.sliding ? at + rule_.size
                                  : (at / rule_.size + 1) * rule_.size);
  }

  /// What came after `after`, up to now.
  std::vector<const counted_event*> since(int64_t after) const {
    std::vector<const counted_event*> out;
    for (size_t i = arrived_; i > 0 && events_[i - 1].at > after; --i)
      out.push_back(&events_[i - 1]);
    std::reverse(out.begin(), out.end());
    return out;
  }

  bool came_at(int64_t at) const {
    return std::binary_search(
        events_.begin(), events_.end(), counted_event{{}, at},
        [](const auto& a, const auto& b) { return a.at < b.at; });
  }

  /// An event leaves a sliding window `size` after it came, before what comes
  /// at that time; a tumbling one closes at multiples of its size.
  void timers(int64_t now) {
    if (!rule_.sliding && now % rule_.size == 0) {
      if (open_ || !since(now - rule_.size - 1).empty())
        look(now, now - rule_.size - 1, nullptr);
      if (open_)
        moments_.insert(now + rule_.size);
    } else if (rule_.sliding && came_at(now - rule_.size)) {
      look(now, now - rule_.size, nullptr);
    }
    resolve_if_due(now);
  }

  void look(int64_t now, int64_t after, const counted_event* newest) {
    const auto in = since(after);
    counted_values values;
    for (const auto* e : in) {
      ++values.n;
      values.total += e->has_sample ? e->sample : 0;
    }
    if (!rule_.condition(values)) {
      if (open_ && !false_since_) {
        false_since_ = now;
        moments_.insert(now + rule_.resolve_after);
      }
      return resolve_if_due(now);
    }
    const bool counts = newest || (!rule_.sliding && !in.empty());
    if (!open_) {
      if (last_opened_ && now < *last_opened_ + rule_.cooldown)
        return;
      open_ = last_opened_ = now;
      out_.push_back({rule_.id, group_, now, 1, now, 0, values, {}});
      return name(in);
    }
    false_since_.reset();
    if (!counts)
      return;
    auto& a = out_.back();
    ++a.count;
    a.last_seen = now;
    a.values = values;
    name(newest ? std::vector{newest} : in);
  }

  /// An alert names the newest twenty events that it is about.
  void name(const std::vector<const counted_event*>& events) {
    auto& named = out_.back().events;
    for (const auto* e : events)
      if (std::find(named.begin(), named.end(), e->ref) == named.end())
        named.push_back(e->ref);
    if (named.size() > 20)
      named.erase(named.begin(), named.end() - 20);
  }

  void resolve_if_due(int64_t now) {
    if (!open_ || !false_since_ || now < *false_since_ + rule_.resolve_after)
      return;
    out_.back().resolved = now;
    open_.reset();
    false_since_.reset();
  }

  const counted_rule& rule_;
  std::string group_;
  std::vector<counted_event> events_; // in order
  size_t arrived_ = 0;
  std::set<int64_t> moments_;
  std::optional<int64_t> open_, false_since_, last_opened_;
  std::vector<counted_alert> out_;
};

/// All groups of a threshold rule; each group's events in order.
inline std::vector<counted_alert>
recount(const counted_rule& rule,
        const std::map<std::string, std::vector<counted_event>>& groups) {
  std::vector<counted_alert> out;
  for (const auto& [group, events] : groups)
    for (auto& a : group_recount{rule, group, events}.alerts())
      out.push_back(std::move(a));
  return out;
}

} // namespace eventpulse::test

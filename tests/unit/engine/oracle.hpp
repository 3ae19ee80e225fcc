#pragma once
// What rules mean, written down as plainly as can be: time goes on millisecond
// by millisecond, every window is computed anew from all events. Property tests
// compare the evaluator with it.

#include "runtime/core/rules/document.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace eventpulse::testing {

struct naive_event {
  int64_t at = 0;
  std::string group;
  int64_t v = 0;
  std::optional<int64_t> k; // absent: distinct(k) has no sample
  std::string id;
};

/// Aggregates over some events.
struct naive_values {
  int64_t n = 0, yes = 0, d = 0;
  double total = 0;
  double mean = NAN, lo = NAN, hi = NAN, p90 = NAN, dev = NAN;
  std::optional<int64_t> first, last;

  explicit naive_values(const std::vector<naive_event>& in) {
    std::set<int64_t> seen;
    std::vector<double> sorted;
    for (const auto& e : in) {
      ++n;
      yes += e.v > 4;
      total += static_cast<double>(e.v);
      if (e.k)
        seen.insert(*e.k);
      sorted.push_back(static_cast<double>(e.v));
      if (!first)
        first = e.v;
      last = e.v;
    }
    d = static_cast<int64_t>(seen.size());
    if (n == 0)
      return;
    std::sort(sorted.begin(), sorted.end());
    const auto count = static_cast<double>(n);
    mean = total / count;
    lo = sorted.front();
    hi = sorted.back();
    const auto rank = static_cast<size_t>(std::ceil(0.9 * count));
    p90 = sorted[std::max<size_t>(rank, 1) - 1];
    double squares = 0;
    for (double x : sorted)
      squares += (x - mean) * (x - mean);
    dev = std::sqrt(squares / count);
  }
};

struct naive_alert {
  std::string group;
  int64_t opened = 0;
  uint64_t count = 1;
  int64_t last_seen = 0;
  std::optional<int64_t> resolved;
  std::vector<std::string> events;
  naive_values values{{}};
  uint64_t left_out = 0;
};

struct naive_rule {
  window_spec window;
  int64_t cooldown = 0;
  int64_t resolve_after = 0;
  std::function<bool(const naive_values&)> condition;
};

class oracle {
public:
  explicit oracle(naive_rule rule) : rule_(std::move(rule)) {}

  std::vector<naive_alert> alerts;
  /// "opened a 10", "resolved a 30", in order.
  std::vector<std::string> story;

  void play(const std::vector<naive_event>& events, int64_t end) {
    size_t next = 0;
    for (int64_t t = 0; t <= end; ++t) {
      for (auto& [key, g] : groups_)
        timers(key, g, t);
      for (; next < events.size() && events[next].at == t; ++next)
        arrive(events[next]);
    }
  }

private:
  struct group {
    std::vector<naive_event> all;
    std::vector<naive_event> session;
    std::optional<size_t> open; // of alerts
    std::optional<int64_t> false_since, last_opened;
    uint64_t left_out = 0;
  };

  bool slides() const { return rule_.window.type == window_type::sliding; }

  // Events in [from, to).
  static std::vector<naive_event> between(const group& g, int64_t from,
                                          int64_t to) {
    std::vector<naive_event> out;
    for (const auto& e : g.all)
      if (e.at >= from && e.at < to)
        out.push_back(e);
    return out;
  }

  void arrive(const naive_event& e) {
    auto& g = groups_[e.group];
    const auto t = e.at;
    const auto size = rule_.window.size_ms;
    bool empty = g.session.empty();
    if (slides())
      empty = between(g, t - size + 1, t + 1).empty();
    else if (rule_.window.type != window_type::session) {
      // What the windows that are open at t still hold.
      const auto every = every_ms();
      const auto next_close = (t / every + 1) * every;
      empty = between(g, next_close - size, t + 1).empty();
    }
    if (empty)
      g.left_out = 0;
    g.left_out += !e.k;
    g.all.push_back(e);
    g.session.push_back(e);
    if (slides())
      look(e.group, g, t, between(g, t - size + 1, t + 1), t - size + 1, &e);
  }

  int64_t every_ms() const {
    return rule_.window.type == window_type::hopping ? rule_.window.every_ms
                                                     : rule_.window.size_ms;
  }

  void timers(const std::string& key, group& g, int64_t t) {
    const auto size = rule_.window.size_ms;
    if (slides()) {
      const bool leaves = std::any_of(g.all.begin(), g.all.end(), [&](auto& e) {
        return e.at + size == t;
      });
      if (leaves)
        look(key, g, t, between(g, t - size + 1, t + 1), t - size + 1, nullptr);
    } else if (rule_.window.type == window_type::session) {
      close_session(key, g, t);
    } else if (t % every_ms() == 0) {
      const auto in = between(g, t - size, t);
      if (!in.empty() || g.open)
        look(key, g, t, in, t - size, nullptr);
    }
    resolve_if_due(key, g, t);
  }

  void close_session(const std::string& key, group& g, int64_t t) {
    if (g.session.empty() ||
        t != std::min(g.session.back().at + rule_.window.gap_ms,
                      g.session.front().at + rule_.window.max_ms))
      return;
    look(key, g, t, g.session, g.session.front().at, nullptr);
    g.session.clear();
    if (g.open && !g.false_since)
      g.false_since = t;
  }

  void look(const std::string& key, group& g, int64_t t,
            const std::vector<naive_event>& in, int64_t since,
            const naive_event* e) {
    const naive_values values{in};
    if (!rule_.condition(values)) {
      if (g.open && !g.false_since)
        g.false_since = t;
      resolve_if_due(key, g, t);
      return;
    }
    const bool counts = e != nullptr || (!slides() && !in.empty());
    if (!g.open) {
      if (g.last_opened && t < *g.last_opened + rule_.cooldown)
        return;
      g.open = alerts.size();
      g.last_opened = t;
      alerts.push_back({key, t, 1, t, {}, {}, values, g.left_out});
      add_events(g, since);
      story.push_back("opened " + key + " " + std::to_string(t));
      return;
    }
    g.false_since.reset();
    if (!counts)
      return;
    auto& a = alerts[*g.open];
    ++a.count;
    a.last_seen = t;
    a.values = values;
    a.left_out = g.left_out;
    if (e != nullptr)
      add_event(a, e->id);
    else
      add_events(g, since);
  }

  static void add_event(naive_alert& a, const std::string& id) {
    if (std::find(a.events.begin(), a.events.end(), id) != a.events.end())
      return;
    a.events.push_back(id);
    if (a.events.size() > 20)
      a.events.erase(a.events.begin());
  }

  void add_events(group& g, int64_t since) {
    const auto from = g.all.size() > 20 ? g.all.size() - 20 : 0;
    for (size_t i = from; i < g.all.size(); ++i)
      if (g.all[i].at >= since)
        add_event(alerts[*g.open], g.all[i].id);
  }

  void resolve_if_due(const std::string& key, group& g, int64_t t) {
    if (!g.open || !g.false_since || t < *g.false_since + rule_.resolve_after)
      return;
    alerts[*g.open].resolved = t;
    story.push_back("resolved " + key + " " + std::to_string(t));
    g.open.reset();
    g.false_since.reset();
  }

  naive_rule rule_;
  std::map<std::string, group> groups_;
};

} // namespace eventpulse::testing

#pragma once
// Series whose label a user chose (a rule's id, a channel's), bounded in number
// and removed when their owner goes. prometheus-cpp deletes a series as soon as
// it is told to, so this counts who still holds one: a series goes when it was
// removed and the last handle is gone, whichever is later. What is over the
// bound, or could not stand in the text format, shares "_other". Used by
// `metrics` and its handles only. Thread-safe.

#include "runtime/core/base/utf8.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace eventpulse::detail {

inline constexpr size_t label_bytes_max = 128;
inline constexpr std::string_view label_other = "_other";

/// Makes: `unique_ptr<Series> add(const std::string& label)` and
/// `void drop(Series&)`. Series: string label, size_t handles, bool is_removed.
template <class Series, class Families>
class series_pool {
public:
  series_pool(Families families, size_t series_max)
      : families_(families), series_max_(series_max) {}

  Series* acquire(std::string_view id) {
    std::lock_guard guard{mutex_};
    auto& s = find_or_add(id);
    ++s.handles;
    s.is_removed = false;
    return &s;
  }

  void release(Series* s) {
    std::lock_guard guard{mutex_};
    if (--s->handles == 0 && s->is_removed)
      drop(*s);
  }

  void remove(std::string_view id) {
    std::lock_guard guard{mutex_};
    auto i = series_.find(id);
    if (i == series_.end())
      return;
    i->second->is_removed = true;
    if (i->second->handles == 0)
      drop(*i->second);
  }

private:
  Series& find_or_add(std::string_view id) {
    auto i = series_.find(id);
    if (i != series_.end())
      return *i->second;
    bool is_fit = series_.size() < series_max_ && id != label_other &&
                  id.size() <= label_bytes_max && is_utf8(id);
    if (is_fit) {
      std::string label{id};
      auto made = families_.add(label);
      return *series_.emplace(label, std::move(made)).first->second;
    }
    if (!other_)
      other_ = families_.add(std::string{label_other});
    return *other_;
  }

  void drop(Series& s) {
    auto i = series_.find(s.label);
    if (i == series_.end())
      return; // "_other" stays
    families_.drop(s);
    series_.erase(i);
  }

  Families families_;
  size_t series_max_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Series>, std::less<>> series_;
  std::unique_ptr<Series> other_;
};

struct rule_series {
  std::string label;
  prometheus::Counter* evaluations;
  prometheus::Counter* matches;
  prometheus::Counter* errors;
  prometheus::Gauge* lag; // null for "_other"
  prometheus::Gauge* groups;
  std::array<prometheus::Counter*, 3> opened; // by severity
  size_t handles = 0;
  bool is_removed = false;
};

struct rule_families {
  prometheus::Family<prometheus::Counter>* evaluations;
  prometheus::Family<prometheus::Counter>* matches;
  prometheus::Family<prometheus::Counter>* errors;
  prometheus::Family<prometheus::Gauge>* lag;
  prometheus::Family<prometheus::Gauge>* groups;
  prometheus::Family<prometheus::Counter>* opened;

  std::unique_ptr<rule_series> add(const std::string& label);
  void drop(rule_series& s);
};

struct channel_series {
  std::string label;
  std::array<prometheus::Counter*, 4> outcomes;
  prometheus::Gauge* circuit_open;
  size_t handles = 0;
  bool is_removed = false;
};

struct channel_families {
  prometheus::Family<prometheus::Counter>* deliveries;
  prometheus::Family<prometheus::Gauge>* circuit_open;

  std::unique_ptr<channel_series> add(const std::string& label);
  void drop(channel_series& s);
};

class rule_series_pool : public series_pool<rule_series, rule_families> {
public:
  using series_pool::series_pool;
};

class channel_series_pool
    : public series_pool<channel_series, channel_families> {
public:
  using series_pool::series_pool;
};

} // namespace eventpulse::detail

#include "runtime/telemetry/actor_probe.hpp"

#include "runtime/telemetry/series_pool.hpp"

#include <algorithm>
#include <limits>

namespace eventpulse {

namespace {

int64_t now_ns() {
  return actor_probe::clock::now().time_since_epoch() /
         std::chrono::nanoseconds{1};
}

size_t bucket_of(double seconds) {
  return static_cast<size_t>(std::lower_bound(processing_bounds.begin(),
                                              processing_bounds.end(),
                                              seconds) -
                             processing_bounds.begin());
}

prometheus::ClientMetric labelled(const std::string& kind) {
  prometheus::ClientMetric out;
  out.label = {{"kind", kind}};
  return out;
}

prometheus::ClientMetric::Histogram histogram_of(const actor_work& w) {
  prometheus::ClientMetric::Histogram out;
  uint64_t sum = 0;
  for (size_t i = 0; i < w.by_time.size(); ++i) {
    sum += w.by_time[i];
    out.bucket.push_back({sum, i < processing_bounds.size()
                                   ? processing_bounds[i]
                                   : std::numeric_limits<double>::infinity()});
  }
  out.sample_count = sum;
  out.sample_sum = w.seconds;
  return out;
}

} // namespace

void actor_work::add(const actor_work& more) {
  messages += more.messages;
  seconds += more.seconds;
  for (size_t i = 0; i < by_time.size(); ++i)
    by_time[i] += more.by_time[i];
}

// --- one actor ---------------------------------------------------------------

void actor_probe::begin() noexcept {
  busy_since_.store(now_ns(), std::memory_order_relaxed);
}

void actor_probe::end() noexcept {
  auto took = std::max<int64_t>(
      now_ns() - busy_since_.load(std::memory_order_relaxed), 0);
  busy_since_.store(0, std::memory_order_relaxed);
  bump(taken_, 1);
  bump(nanoseconds_, static_cast<uint64_t>(took));
  bump(by_time_[bucket_of(static_cast<double>(took) * 1e-9)], 1);
}

size_t actor_probe::depth() const noexcept {
  // Taken first: a message that comes between the two readings is one more,
  // never one less than none.
  auto taken = taken_.load(std::memory_order_relaxed);
  auto queued = queued_.load(std::memory_order_relaxed);
  auto present = busy_since_.load(std::memory_order_relaxed) != 0 ? 1u : 0u;
  return queued > taken + present ? queued - taken - present : 0;
}

std::chrono::nanoseconds actor_probe::busy() const noexcept {
  auto since = busy_since_.load(std::memory_order_relaxed);
  return std::chrono::nanoseconds{
      since == 0 ? 0 : std::max<int64_t>(now_ns() - since, 1)};
}

actor_work actor_probe::work() const noexcept {
  actor_work out;
  out.seconds =
      static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) * 1e-9;
  // Counted from the same cells, so that no reading contradicts itself.
  for (size_t i = 0; i < by_time_.size(); ++i) {
    out.by_time[i] = by_time_[i].load(std::memory_order_relaxed);
    out.messages += out.by_time[i];
  }
  return out;
}

// --- all of them -------------------------------------------------------------

actor_probe_ptr actor_probes::open(std::string_view kind, uint64_t id,
                                   uint64_t owner) {
  auto probe = std::make_shared<actor_probe>();
  std::lock_guard guard{mutex_};
  if (kinds_.size() >= actor_kinds_max && kinds_.find(kind) == kinds_.end())
    kind = detail::label_other;
  auto at = kinds_.try_emplace(std::string{kind}).first;
  alive_.insert_or_assign(id, entry{probe, at, owner});
  if (owner != 0)
    linked_.emplace(owner, id);
  return probe;
}

void actor_probes::close(uint64_t id) {
  std::lock_guard guard{mutex_};
  auto found = alive_.find(id);
  if (found == alive_.end())
    return;
  auto& e = found->second;
  e.kind->second.retired.add(e.probe->work());
  auto [from, to] = linked_.equal_range(e.owner);
  for (auto i = from; i != to; ++i)
    if (i->second == id) {
      linked_.erase(i);
      break;
    }
  alive_.erase(found);
}

actor_look actor_probes::look_at(uint64_t id, const entry& e) {
  return {id, e.kind->first, e.probe->depth(), e.probe->busy(),
          e.probe->work().messages};
}

std::vector<actor_look>
actor_probes::look(const std::vector<uint64_t>& ids) const {
  std::vector<actor_look> out;
  std::lock_guard guard{mutex_};
  for (auto id : ids)
    if (auto found = alive_.find(id); found != alive_.end())
      out.push_back(look_at(id, found->second));
  return out;
}

std::vector<actor_look> actor_probes::linked_to(uint64_t owner) const {
  std::vector<actor_look> out;
  std::lock_guard guard{mutex_};
  auto [from, to] = linked_.equal_range(owner);
  for (auto i = from; i != to; ++i)
    if (auto found = alive_.find(i->second); found != alive_.end())
      out.push_back(look_at(found->first, found->second));
  return out;
}

std::vector<prometheus::MetricFamily> actor_probes::collect() const {
  using enum prometheus::MetricType;
  struct sum {
    actor_work work;
    size_t depth = 0;
    size_t alive = 0;
  };
  std::map<std::string, sum> sums;
  {
    std::lock_guard guard{mutex_};
    for (const auto& [kind, kept] : kinds_)
      sums[kind].work = kept.retired;
    for (const auto& [id, e] : alive_) {
      auto& s = sums[e.kind->first];
      s.work.add(e.probe->work());
      s.depth += e.probe->depth();
      ++s.alive;
    }
  }
  prometheus::MetricFamily depth{
      "eventpulse_actor_mailbox_depth",
      "Messages waiting in mailboxes, summed over the kind",
      Gauge,
      {}};
  prometheus::MetricFamily messages{
      "eventpulse_actor_messages_total", "Messages handled", Counter, {}};
  prometheus::MetricFamily time{"eventpulse_actor_processing_seconds",
                                "Time an actor took for a message",
                                Histogram,
                                {}};
  prometheus::MetricFamily alive{
      "eventpulse_actor_alive", "Actors alive", Gauge, {}};
  for (const auto& [kind, s] : sums) {
    auto d = labelled(kind);
    d.gauge.value = static_cast<double>(s.depth);
    depth.metric.push_back(std::move(d));
    auto a = labelled(kind);
    a.gauge.value = static_cast<double>(s.alive);
    alive.metric.push_back(std::move(a));
    auto m = labelled(kind);
    m.counter.value = static_cast<double>(s.work.messages);
    messages.metric.push_back(std::move(m));
    auto t = labelled(kind);
    t.histogram = histogram_of(s.work);
    time.metric.push_back(std::move(t));
  }
  return {std::move(depth), std::move(messages), std::move(time),
          std::move(alive)};
}

} // namespace eventpulse

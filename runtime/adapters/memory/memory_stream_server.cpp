#include "runtime/adapters/memory/memory_stream_server.hpp"

#include "runtime/core/base/limits.hpp"

#include <algorithm>
#include <limits>

namespace eventpulse::memory {

namespace {

size_t bytes_of(const stream_fields& fields) {
  size_t out = 0;
  for (const auto& [name, value] : fields)
    out += name.size() + value.size();
  return out;
}

position before(const position& p) {
  if (p.seq > 0)
    return {p.partition, p.ms, p.seq - 1};
  return {p.partition, p.ms == 0 ? 0 : p.ms - 1,
          p.ms == 0 ? 0 : std::numeric_limits<uint64_t>::max()};
}

failure no_group() {
  return {errc::unavailable, "the group is missing"};
}

failure lost_answer() {
  return {errc::outcome_unknown, "the answer was dropped"};
}

failure lost_but_harmless() {
  return {errc::unavailable, "the answer was dropped"};
}

} // namespace

stream_server::stream_server(stream_options o) : options_(std::move(o)) {}

// -- adding -------------------------------------------------------------------

position stream_server::next_id(const stream& s, uint32_t partition) const {
  auto ms = static_cast<uint64_t>(std::max<int64_t>(now(), 0));
  if (ms > s.last.ms)
    return {partition, ms, 0};
  return {partition, s.last.ms, s.last.seq + 1};
}

result<std::vector<position>>
stream_server::append(std::span<const append_entry> entries) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  if (entries.size() > limits::append_batch_max)
    return {errc::too_large, "too many entries in one call"};
  for (const auto& entry : entries) {
    if (entry.partition >= options_.partitions || entry.fields.empty())
      return {errc::invalid, "no such partition, or no fields"};
    auto found = now_.streams.find(entry.partition);
    if (found == now_.streams.end())
      return {errc::unavailable, "the stream is not there"};
    auto numbers = count(found->second);
    if (numbers.lag + numbers.pending >= options_.max_backlog)
      return {errc::overloaded, "the partition is at its bound"};
  }
  std::vector<position> out;
  for (const auto& entry : entries) {
    auto& s = now_.streams[entry.partition];
    s.last = next_id(s, entry.partition);
    s.entries.emplace(s.last, entry.fields);
    ++s.added;
    out.push_back(s.last);
  }
  changed_.notify_all();
  if (is_answer_lost())
    return lost_answer();
  return out;
}

result<void> stream_server::quarantine(const stream_fields& fields) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  if (fields.empty())
    return {errc::invalid, "an entry without fields"};
  now_.refused.push_back(
      {std::to_string(now()) + '-' + std::to_string(now_.refused_ever++),
       fields});
  if (now_.refused.size() > options_.quarantine_max)
    now_.refused.erase(now_.refused.begin());
  return {};
}

result<void> stream_server::probe() {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  for (uint32_t k = 0; k < options_.partitions; ++k) {
    auto found = now_.streams.find(k);
    if (found == now_.streams.end())
      return {errc::unavailable, "the stream is not there"};
    auto numbers = count(found->second);
    if (numbers.lag + numbers.pending >= options_.max_backlog)
      return {errc::overloaded, "the partition is at its bound"};
  }
  return {};
}

// -- opening ------------------------------------------------------------------

result<log_opening> stream_server::open(uint32_t partition,
                                        const position& tail) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  log_opening out;
  const position zero{partition, 0, 0};
  auto [found, is_new] = now_.streams.try_emplace(partition);
  auto& s = found->second;
  if (is_new) {
    s.last = zero;
    s.readers = group{zero, {}, {}};
    out.created = true;
  }
  if (s.last < tail) {
    s.last = tail;
    out.behind = true;
  }
  if (!s.readers) {
    s.readers = group{zero, {}, {}};
    out.created = true;
  }
  if (s.added > s.entries.size()) {
    if (s.entries.empty() && s.last > tail)
      out.gap_until = s.last;
    else if (!s.entries.empty() && s.entries.begin()->first > tail)
      out.gap_until = before(s.entries.begin()->first);
  }
  auto& g = *s.readers;
  for (auto e = s.entries.upper_bound(tail);
       e != s.entries.end() && e->first <= g.delivered; ++e)
    out.reread = out.reread || !g.pending.contains(e->first);
  if (out.reread) {
    // What is pending beyond the tail and still there comes again.
    std::erase_if(g.pending, [&](const auto& held) {
      return held.first > tail && s.entries.contains(held.first);
    });
    g.delivered = tail;
  }
  changed_.notify_all();
  if (is_answer_lost())
    return lost_but_harmless();
  return out;
}

// -- reading ------------------------------------------------------------------

result<stream_server::stream*> stream_server::find_open(uint32_t partition) {
  auto found = now_.streams.find(partition);
  if (found == now_.streams.end() || !found->second.readers)
    return no_group();
  return &found->second;
}

result<log_read> stream_server::claim(uint32_t partition,
                                      const std::string& consumer, bool own,
                                      size_t count_max,
                                      std::optional<position>& from) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  auto s = find_open(partition);
  if (!s)
    return s.error();
  auto& g = *(*s)->readers;
  log_read out;
  out.time_ms = now();
  auto held = g.pending.upper_bound(*from);
  while (held != g.pending.end() &&
         out.entries.size() + out.lost.size() < count_max) {
    from = held->first;
    if (!own && held->second.consumer == consumer) {
      ++held;
      continue;
    }
    auto entry = (*s)->entries.find(held->first);
    if (entry == (*s)->entries.end()) {
      out.lost.push_back(held->first);
      held = g.pending.erase(held);
      continue;
    }
    out.reclaimed += held->second.consumer != consumer;
    held->second.consumer = consumer;
    ++held->second.count;
    out.entries.push_back({entry->first, entry->second, held->second.count});
    ++held;
  }
  if (held == g.pending.end())
    from.reset();
  if (is_answer_lost())
    return lost_but_harmless();
  return out;
}

result<stream_server::fresh_read>
stream_server::read(uint32_t partition, const std::string& consumer,
                    size_t count_max) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  auto s = find_open(partition);
  if (!s)
    return s.error();
  auto& g = *(*s)->readers;
  fresh_read out;
  out.what.time_ms = now();
  g.consumers.insert(consumer);
  for (auto e = (*s)->entries.upper_bound(g.delivered);
       e != (*s)->entries.end() && out.what.entries.size() < count_max; ++e) {
    out.what.entries.push_back({e->first, e->second, 1});
    g.pending[e->first] = {consumer, 1};
    g.delivered = e->first;
  }
  out.others_hold =
      std::any_of(g.pending.begin(), g.pending.end(), [&](const auto& held) {
        return held.second.consumer != consumer;
      });
  if (is_answer_lost())
    return lost_but_harmless();
  return out;
}

result<void> stream_server::acknowledge(uint32_t partition,
                                        std::span<const position> handled) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  auto s = find_open(partition);
  // As XACK: a missing group has nothing to acknowledge.
  if (s)
    for (const auto& p : handled)
      (*s)->readers->pending.erase(p);
  if (is_answer_lost())
    return lost_but_harmless();
  return {};
}

result<log_numbers> stream_server::housekeeping(uint32_t partition,
                                                int64_t epoch) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  auto found = find_open(partition);
  if (!found)
    return found.error();
  auto& s = **found;
  auto& g = *s.readers;
  // The newest acknowledged entry below the first pending one stays: open()
  // tells by it that nothing beyond the tail is gone.
  auto done = g.pending.empty() || g.pending.begin()->first > g.delivered
                  ? s.entries.upper_bound(g.delivered)
                  : s.entries.lower_bound(g.pending.begin()->first);
  size_t bytes = 0;
  for (const auto& [id, fields] : s.entries)
    bytes += bytes_of(fields);
  auto oldest_kept = now() - options_.keep.count();
  while (done != s.entries.begin() && s.entries.begin() != std::prev(done)) {
    auto first = s.entries.begin();
    bool is_old = static_cast<int64_t>(first->first.ms) < oldest_kept ||
                  options_.keep.count() == 0;
    if (!is_old && bytes <= options_.keep_bytes)
      break;
    bytes -= bytes_of(first->second);
    s.entries.erase(first);
  }
  auto prefix = std::to_string(partition) + '-';
  std::erase_if(g.consumers, [&](const std::string& name) {
    bool holds =
        std::any_of(g.pending.begin(), g.pending.end(), [&](const auto& held) {
          return held.second.consumer == name;
        });
    return !holds && name.starts_with(prefix) &&
           std::stoll(name.substr(prefix.size())) < epoch;
  });
  if (is_answer_lost())
    return lost_but_harmless();
  return count(s);
}

// -- waiting ------------------------------------------------------------------

result<bool> stream_server::wait(uint32_t partition, const position& after,
                                 std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  if (auto why = refusal())
    return *why;
  auto is_there = [&] {
    auto s = now_.streams.find(partition);
    return s != now_.streams.end() && !s->second.entries.empty() &&
           s->second.entries.rbegin()->first > after;
  };
  if (options_.blocks)
    changed_.wait_for(lock, timeout, is_there);
  return is_there();
}

result<void> stream_server::publish(const std::string& topic) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  ++hints_[topic];
  changed_.notify_all();
  return {};
}

result<bool> stream_server::wait_hint(const std::string& topic, uint64_t& seen,
                                      std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  if (auto why = refusal())
    return *why;
  auto is_new = [&] { return hints_[topic] > seen; };
  if (options_.blocks)
    changed_.wait_for(lock, timeout, is_new);
  bool came = is_new();
  if (came)
    ++seen;
  return came;
}

uint64_t stream_server::hints(const std::string& topic) const {
  std::lock_guard lock{mutex_};
  auto found = hints_.find(topic);
  return found == hints_.end() ? 0 : found->second;
}

// -- API keys -----------------------------------------------------------------

result<void> stream_server::store_keys(const key_set& keys) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  if (!now_.keys || now_.keys->version < keys.version)
    now_.keys = keys;
  return {};
}

result<key_set> stream_server::load_keys() {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  return now_.keys.value_or(key_set{});
}

} // namespace eventpulse::memory

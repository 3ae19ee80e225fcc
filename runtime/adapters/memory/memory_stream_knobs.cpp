// What tests do to a stream_server, and see of it, behind the ports' backs.

#include "runtime/adapters/memory/memory_stream_server.hpp"

#include <chrono>

namespace eventpulse::memory {

int64_t stream_server::now() const {
  if (options_.clock)
    return options_.clock();
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

std::optional<failure> stream_server::refusal() {
  if (away_)
    return failure{errc::unavailable, "the stream server is away"};
  if (failing_ == 0)
    return std::nullopt;
  --failing_;
  return why_;
}

bool stream_server::is_answer_lost() {
  if (losing_ == 0)
    return false;
  --losing_;
  return true;
}

void stream_server::fail_next(size_t calls, failure why) {
  std::lock_guard lock{mutex_};
  failing_ = calls;
  why_ = std::move(why);
}

void stream_server::lose_answers(size_t calls) {
  std::lock_guard lock{mutex_};
  losing_ = calls;
}

void stream_server::set_away(bool away) {
  std::lock_guard lock{mutex_};
  away_ = away;
}

void stream_server::wipe() {
  std::lock_guard lock{mutex_};
  now_ = {};
}

void stream_server::save() {
  std::lock_guard lock{mutex_};
  saved_ = now_;
}

void stream_server::restore() {
  std::lock_guard lock{mutex_};
  now_ = saved_;
}

void stream_server::trim(const position& until) {
  std::lock_guard lock{mutex_};
  auto found = now_.streams.find(until.partition);
  if (found != now_.streams.end())
    std::erase_if(found->second.entries,
                  [&](const auto& e) { return e.first <= until; });
}

void stream_server::destroy_group(uint32_t partition) {
  std::lock_guard lock{mutex_};
  auto found = now_.streams.find(partition);
  if (found != now_.streams.end())
    found->second.readers.reset();
}

std::vector<raw_entry> stream_server::entries(uint32_t partition) const {
  std::lock_guard lock{mutex_};
  std::vector<raw_entry> out;
  if (auto s = now_.streams.find(partition); s != now_.streams.end())
    for (const auto& [id, fields] : s->second.entries)
      out.push_back({id, fields, 0});
  return out;
}

std::vector<stream_fields> stream_server::quarantined() const {
  std::lock_guard lock{mutex_};
  std::vector<stream_fields> out;
  for (const auto& entry : now_.refused)
    out.push_back(entry.fields);
  return out;
}

log_numbers stream_server::count(const stream& s) const {
  log_numbers out;
  out.entries = s.entries.size();
  if (!s.readers) {
    out.lag = s.entries.size();
    return out;
  }
  out.pending = s.readers->pending.size();
  auto fresh = s.entries.upper_bound(s.readers->delivered);
  std::optional<position> oldest;
  if (!s.readers->pending.empty())
    oldest = s.readers->pending.begin()->first;
  else if (fresh != s.entries.end())
    oldest = fresh->first;
  if (oldest)
    out.oldest_age = std::chrono::milliseconds{
        std::max<int64_t>(now() - static_cast<int64_t>(oldest->ms), 0)};
  out.lag = static_cast<uint64_t>(std::distance(fresh, s.entries.end()));
  return out;
}

log_numbers stream_server::numbers(uint32_t partition) const {
  std::lock_guard lock{mutex_};
  auto s = now_.streams.find(partition);
  return s == now_.streams.end() ? log_numbers{} : count(s->second);
}

std::set<std::string> stream_server::consumers(uint32_t partition) const {
  std::lock_guard lock{mutex_};
  auto s = now_.streams.find(partition);
  if (s == now_.streams.end() || !s->second.readers)
    return {};
  return s->second.readers->consumers;
}

} // namespace eventpulse::memory

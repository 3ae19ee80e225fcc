#include "runtime/adapters/redis/partition_log.hpp"

#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/keys.hpp"
#include "runtime/adapters/redis/scripts.hpp"
#include "runtime/core/base/limits.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace eventpulse::redis {

namespace {

/// Ids of one XACK: what Lua can unpack, with room to spare.
constexpr size_t acknowledge_chunk = 1000;
/// More in one go would be felt by intake; the next second takes the rest.
constexpr std::string_view trim_max = "1000000";

int64_t to_ms(reply_view time) {
  return time[0].number() * 1000 + time[1].number() / 1000;
}

/// For whoever repeats after open(): the pending list knows what happened.
failure as_unavailable(failure f) {
  if (f.code == errc::outcome_unknown || f.code == errc::timed_out)
    f.code = errc::unavailable;
  return f;
}

} // namespace

stream_log::stream_log(const options& o, uint32_t partition, int64_t epoch)
    : connection_(o), partition_(partition), epoch_(epoch),
      events_(keys::events(o, partition)), kept_(keys::kept(o, partition)),
      consumer_(std::to_string(partition) + '-' + std::to_string(epoch)) {}

result<position> stream_log::parse_id(reply_view id) const {
  if (auto parsed = parse_entry_id(id.text(), partition_))
    return *parsed;
  return {errc::internal, "Redis gave an id that is none"};
}

// -- reading ------------------------------------------------------------------

result<log_read> stream_log::read(size_t count_max) {
  if (!is_open_)
    return {errc::unavailable, "the partition must be opened (again)"};
  auto out = step(std::clamp<size_t>(count_max, 1, limits::read_batch_max));
  if (!out) {
    is_open_ = false;
    return as_unavailable(out.error());
  }
  return out;
}

result<log_read> stream_log::step(size_t count_max) {
  if (scan_) {
    log_read out;
    if (auto claimed = claim(count_max, out); !claimed)
      return claimed.error();
    if (!out.entries.empty() || !out.lost.empty())
      return out;
  }
  if (!held_.entries.empty())
    return std::exchange(held_, {});
  return read_new(count_max);
}

result<reply> stream_log::ask_for_new(size_t count_max) {
  auto count = std::to_string(count_max);
  pipeline body;
  body.add({"XREADGROUP", "GROUP", keys::group, consumer_, "COUNT", count,
            "STREAMS", events_, ">"});
  body.add({"XPENDING", events_, keys::group});
  body.add({"TIME"});
  auto items = connection_.transact(body);
  if (!items && is_out_of_memory(items.error()))
    return connection_.ask(
        {"EVAL", scripts::read, "1", events_, keys::group, consumer_, count});
  return items;
}

result<log_read> stream_log::read_new(size_t count_max) {
  auto items = ask_for_new(count_max);
  if (!items)
    return items.error();
  reply_view all{*items};
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i].is_error())
      return to_failure(all[i]);
  log_read fresh;
  fresh.time_ms = to_ms(all[2]);
  // [[stream, [[id, [name, value, …]], …]]], or nil where there is nothing.
  if (auto taken = take_entries(all[0][0][1], fresh); !taken)
    return taken.error();
  if (!do_others_hold(all[1])) {
    fresh.drained = fresh.entries.empty();
    return fresh;
  }
  // What others hold was added before anything that this read took.
  scan_ = scan{};
  log_read earlier;
  if (auto claimed = claim(count_max, earlier); !claimed)
    return claimed.error();
  if (earlier.entries.empty() && earlier.lost.empty())
    return fresh;
  held_ = std::move(fresh);
  return earlier;
}

result<void> stream_log::take_entries(reply_view entries, log_read& out) const {
  out.entries.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    auto id = parse_id(entries[i][0]);
    if (!id)
      return id.error();
    out.entries.push_back({*id, to_fields(entries[i][1]), 1});
  }
  return {};
}

bool stream_log::do_others_hold(reply_view summary) const {
  auto consumers = summary[3]; // [[name, count], …]
  for (size_t i = 0; i < consumers.size(); ++i)
    if (consumers[i][0].text() != consumer_ && consumers[i][1].number() > 0)
      return true;
  return false;
}

result<void> stream_log::claim(size_t count_max, log_read& out) {
  while (scan_ && out.entries.size() + out.lost.size() < count_max) {
    auto count = count_max - out.entries.size() - out.lost.size();
    auto answer = connection_.ask(
        {"EVAL", scripts::claim, "1", events_, keys::group, consumer_,
         scan_->from, std::to_string(count), scan_->own ? "all" : "others"});
    if (!answer)
      return answer.error();
    reply_view page{*answer};
    out.time_ms = to_ms(page[4]);
    for (size_t i = 0; i < page[2].size(); ++i) {
      auto entry = page[2][i];
      auto id = parse_id(entry[0]);
      if (!id)
        return id.error();
      out.entries.push_back(
          {*id, to_fields(entry[2]), static_cast<uint32_t>(entry[1].number())});
      out.reclaimed += entry[3].number() == 1;
    }
    for (size_t i = 0; i < page[3].size(); ++i) {
      auto id = parse_id(page[3][i]);
      if (!id)
        return id.error();
      out.lost.push_back(*id);
    }
    if (page[0].number() < static_cast<int64_t>(count))
      scan_.reset();
    else
      scan_->from = '(' + std::string{page[1].text()};
  }
  return {};
}

// -- after reading ------------------------------------------------------------

result<void> stream_log::acknowledge(std::span<const position> handled) {
  if (handled.empty())
    return {};
  pipeline all;
  while (!handled.empty()) {
    auto chunk = handled.first(std::min(handled.size(), acknowledge_chunk));
    handled = handled.subspan(chunk.size());
    std::vector<std::string> ids;
    ids.reserve(chunk.size());
    for (const auto& p : chunk)
      ids.push_back(entry_id(p));
    std::vector<std::string_view> words{
        "EVAL", scripts::acknowledge, "2", events_, kept_, keys::group};
    words.insert(words.end(), ids.begin(), ids.end());
    all.add(words);
  }
  auto answers = connection_.call(all);
  if (!answers) {
    is_open_ = false;
    return as_unavailable(answers.error());
  }
  for (const auto& answer : *answers)
    if (reply_view{answer}.is_error()) {
      is_open_ = false;
      return to_failure(answer);
    }
  return {};
}

result<log_numbers> stream_log::housekeeping() {
  auto now = std::chrono::steady_clock::now();
  const auto& o = connection_.settings();
  if (trimmed_at_ && now - *trimmed_at_ < o.trim_every)
    return numbers_;
  auto answer = connection_.ask(
      {"EVAL", scripts::housekeeping, "2", events_, kept_, keys::group,
       std::to_string(o.keep.count()), std::to_string(o.keep_bytes), trim_max,
       std::to_string(partition_) + '-', std::to_string(epoch_)});
  if (!answer) {
    is_open_ = false;
    return answer.error();
  }
  reply_view numbers{*answer};
  auto entries = numbers[0].number();
  auto lag = numbers[1].number();
  auto pending = numbers[2].number();
  if (lag < 0) // Redis cannot tell: at most so many
    lag = std::max<int64_t>(entries - pending, 0);
  numbers_ = {static_cast<uint64_t>(entries), static_cast<uint64_t>(lag),
              static_cast<uint64_t>(pending),
              std::chrono::milliseconds{numbers[3].number()}};
  trimmed_at_ = now;
  return numbers_;
}

std::unique_ptr<partition_log>
make_partition_log(const options& o, uint32_t partition, int64_t epoch) {
  return std::make_unique<stream_log>(o, partition, epoch);
}

} // namespace eventpulse::redis

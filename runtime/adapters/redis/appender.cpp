// The adding side on Redis. One MULTI holds every entry of a call, and with
// them the numbers that the next call's bound is checked by, so that the bound
// costs no round trip.

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/keys.hpp"
#include "runtime/core/base/limits.hpp"

#include <map>
#include <optional>
#include <set>

namespace eventpulse::redis {

namespace {

class appender : public log_appender {
public:
  explicit appender(const options& o) : connection_(o) {}

  result<std::vector<position>>
  append(std::span<const append_entry> entries) override;
  result<void> quarantine(const stream_fields& fields) override;
  result<void> probe() override;

private:
  const options& settings() const { return connection_.settings(); }

  result<void> check(std::span<const append_entry> entries) const;
  result<void> check_bound(uint32_t partition);
  result<void> measure(uint32_t partition);
  result<std::vector<position>> add(std::span<const append_entry> entries,
                                    const std::set<uint32_t>& partitions);
  result<std::vector<position>>
  read_ids(reply_view items, std::span<const append_entry> entries) const;
  result<void> wait_for_replicas();
  void note(uint32_t partition, reply_view entries, reply_view kept);

  connection connection_;
  /// Entries not acknowledged, as of the last MULTI; absent: not known.
  std::map<uint32_t, uint64_t> backlog_;
};

failure missing_stream(uint32_t partition) {
  return {errc::unavailable, "the stream of partition " +
                                 std::to_string(partition) +
                                 " is not there; a worker makes it"};
}

result<void> appender::check(std::span<const append_entry> entries) const {
  if (entries.size() > limits::append_batch_max)
    return {errc::too_large, "over " +
                                 std::to_string(limits::append_batch_max) +
                                 " entries in one call"};
  for (const auto& entry : entries) {
    if (entry.partition >= settings().partitions)
      return {errc::invalid,
              "there is no partition " + std::to_string(entry.partition)};
    if (entry.fields.empty())
      return {errc::invalid, "an entry without fields"};
  }
  return {};
}

void appender::note(uint32_t partition, reply_view entries, reply_view kept) {
  auto all = entries.number();
  backlog_[partition] = static_cast<uint64_t>(
      std::max<int64_t>(all - std::max<int64_t>(kept.number(), 0), 0));
}

result<void> appender::measure(uint32_t partition) {
  auto events = keys::events(settings(), partition);
  pipeline body;
  body.add({"EXISTS", events});
  body.add({"XLEN", events});
  body.add({"GET", keys::kept(settings(), partition)});
  auto items = connection_.transact(body);
  if (!items)
    return {errc::unavailable, items.error().detail};
  reply_view all{*items};
  for (size_t i = 0; i < all.size(); ++i)
    if (all[i].is_error())
      return to_failure(all[i]);
  if (all[0].number() == 0)
    return missing_stream(partition);
  note(partition, all[1], all[2]);
  return {};
}

result<void> appender::check_bound(uint32_t partition) {
  auto known = backlog_.find(partition);
  // Over the bound it asks again each time, and so recovers by itself.
  if (known == backlog_.end() || known->second >= settings().max_backlog)
    if (auto measured = measure(partition); !measured)
      return measured;
  if (backlog_[partition] < settings().max_backlog)
    return {};
  return {errc::overloaded,
          "partition " + std::to_string(partition) + " holds " +
              std::to_string(backlog_[partition]) +
              " entries that are not handled yet; its bound is " +
              std::to_string(settings().max_backlog)};
}

result<std::vector<position>>
appender::append(std::span<const append_entry> entries) {
  if (entries.empty())
    return std::vector<position>{};
  if (auto good = check(entries); !good)
    return good.error();
  std::set<uint32_t> partitions;
  for (const auto& entry : entries)
    partitions.insert(entry.partition);
  for (auto partition : partitions)
    if (auto taken = check_bound(partition); !taken)
      return taken.error();
  auto added = add(entries, partitions);
  if (!added)
    for (auto partition : partitions)
      backlog_.erase(partition);
  if (added && settings().wait_replicas > 0)
    if (auto safe = wait_for_replicas(); !safe)
      return safe.error();
  return added;
}

result<std::vector<position>>
appender::add(std::span<const append_entry> entries,
              const std::set<uint32_t>& partitions) {
  std::map<uint32_t, std::string> streams;
  for (auto partition : partitions)
    streams[partition] = keys::events(settings(), partition);
  pipeline body;
  std::vector<std::string_view> words;
  for (const auto& entry : entries) {
    words = {"XADD", streams[entry.partition], "NOMKSTREAM", "*"};
    for (const auto& [name, value] : entry.fields) {
      words.push_back(name);
      words.push_back(value);
    }
    body.add(words);
  }
  for (auto partition : partitions) {
    body.add({"XLEN", streams[partition]});
    body.add({"GET", keys::kept(settings(), partition)});
  }
  auto items = connection_.transact(body);
  if (!items)
    return items.error();
  auto ids = read_ids(*items, entries);
  if (!ids)
    return ids;
  size_t at = entries.size();
  for (auto partition : partitions) {
    note(partition, reply_view{*items}[at], reply_view{*items}[at + 1]);
    at += 2;
  }
  return ids;
}

result<std::vector<position>>
appender::read_ids(reply_view items,
                   std::span<const append_entry> entries) const {
  std::vector<position> out;
  out.reserve(entries.size());
  std::optional<failure> refused;
  for (size_t i = 0; i < entries.size(); ++i) {
    auto partition = entries[i].partition;
    if (items[i].is_error())
      refused = failure{errc::unavailable, to_failure(items[i]).detail};
    else if (auto id = parse_entry_id(items[i].text(), partition))
      out.push_back(*id);
    else
      refused = missing_stream(partition);
  }
  if (!refused)
    return out;
  // EXEC does not undo: what stands in the other partitions stays there.
  if (!out.empty())
    refused->code = errc::outcome_unknown;
  return *refused;
}

result<void> appender::wait_for_replicas() {
  auto wanted = settings().wait_replicas;
  auto answered = connection_.ask({"WAIT", std::to_string(wanted),
                                   std::to_string(settings().timeout.count())},
                                  settings().timeout);
  if (!answered)
    return {errc::outcome_unknown, answered.error().detail};
  auto count = reply_view{*answered}.number();
  if (count >= static_cast<int64_t>(wanted))
    return {};
  return {errc::outcome_unknown, std::to_string(count) + " of " +
                                     std::to_string(wanted) +
                                     " replicas have it"};
}

result<void> appender::quarantine(const stream_fields& fields) {
  if (fields.empty())
    return {errc::invalid, "an entry without fields"};
  auto key = keys::quarantine(settings());
  auto cap = std::to_string(settings().quarantine_max);
  std::vector<std::string_view> words{"XADD", key, "MAXLEN", "~", cap, "*"};
  for (const auto& [name, value] : fields) {
    words.push_back(name);
    words.push_back(value);
  }
  auto added = connection_.ask(words);
  if (!added)
    return added.error();
  return {};
}

result<void> appender::probe() {
  for (uint32_t k = 0; k < settings().partitions; ++k) {
    backlog_.erase(k);
    if (auto taken = check_bound(k); !taken)
      return taken;
    // A write to a key that never exists has no effect, yet is refused for
    // every reason for which a real one would be.
    auto key = keys::probe(settings(), k);
    auto tried =
        connection_.ask({"XADD", key, "NOMKSTREAM", "*", "probe", "1"});
    if (!tried)
      return tried.error();
  }
  return {};
}

} // namespace

std::unique_ptr<log_appender> make_appender(const options& o) {
  return std::make_unique<appender>(o);
}

} // namespace eventpulse::redis

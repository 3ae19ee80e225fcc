#pragma once
// The streams out of Redis and back, for `eventpulse backup` and `restore`.
// Reading goes page by page beside live traffic: what is taken out meanwhile
// was persisted before, so a database that is dumped afterwards has it.

#include "messages/position.hpp"
#include "runtime/adapters/redis/connection.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::redis {

struct dumped_stream {
  uint64_t entries = 0;
  position last; // the last id that was given
};

struct dumped_streams {
  std::vector<dumped_stream> partitions;
  uint64_t quarantined = 0;
};

/// Every entry as a RESP array [partition or "quarantine", id, field, value …],
/// in ascending ids of each stream.
result<dumped_streams>
dump_streams(const options& o,
             const std::function<result<void>(std::string_view)>& write);

/// Whether no key begins with our prefix.
result<bool> is_empty(const options& o);

/// Deletes every key that begins with our prefix.
result<void> clear(const options& o);

/// Deletes the mirror of the API keys, which may be newer than the database.
result<void> forget_keys(const options& o);

/// What dump_streams wrote, into an empty place; `read` gives the next piece,
/// empty at the end. Then every partition has its stream and group, and its ids
/// go on after `last` and the tail, whichever is later. errc::corrupt: the
/// bytes are not what was written.
result<dumped_streams>
load_streams(const options& o, const std::vector<position>& last,
             const std::vector<position>& tails,
             const std::function<result<std::string>()>& read);

} // namespace eventpulse::redis

#pragma once
// The part of an erasure that is Redis's: entries of the streams, and refused
// requests that wait there. Used by `eventpulse erase` alone.
//
// Only entries at or below PostgreSQL's tail go: the table has them. One entry
// there always stays while later ones exist, since an owner that opens the
// stream knows by it that nothing was trimmed unread. What must stay is counted
// as left and can be erased once the tail has moved on.

#include "messages/position.hpp"
#include "runtime/adapters/redis/connection.hpp"

#include <cstdint>
#include <functional>

namespace eventpulse::redis {

struct erased_entries {
  uint64_t gone = 0; // or to go, where nothing is erased
  uint64_t left = 0;
};

class eraser {
public:
  using matcher = std::function<bool(const stream_fields&)>;

  explicit eraser(const options& o);

  /// Entries of the partition of `tail` that `wanted` picks.
  result<erased_entries> count(const position& tail, const matcher& wanted);
  result<erased_entries> erase(const position& tail, const matcher& wanted);

  /// Refused requests; none is left.
  result<uint64_t> count_quarantined(const matcher& wanted);
  result<uint64_t> erase_quarantined(const matcher& wanted);

  /// Starts writing the append-only file anew, without what is erased.
  result<void> rewrite();

private:
  using ids = std::vector<std::string>;

  /// Of every entry that is wanted, page by page.
  result<ids> find(const std::string& stream, const matcher& wanted);

  connection connection_;
};

} // namespace eventpulse::redis

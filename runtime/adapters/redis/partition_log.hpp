#pragma once
// The owner's side of one partition on Redis Streams. Made by
// make_partition_log, used through the port. Its state is small, since the
// truth about what was read is the group's pending list: after any failure
// open() starts over from there.

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/ports/event_log.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace eventpulse::redis {

class stream_log : public partition_log {
public:
  stream_log(const options& o, uint32_t partition, int64_t epoch);

  result<log_opening> open(const position& tail) override;
  result<log_read> read(size_t count_max) override;
  result<void> acknowledge(std::span<const position> handled) override;
  result<log_numbers> housekeeping() override;

private:
  /// How stream and group stand.
  struct condition {
    bool has_stream = false;
    bool has_group = false;
    position last;  // the stream's last generated id
    position first; // the first entry's; only where length > 0
    uint64_t length = 0;
    uint64_t added = 0; // ever
    position delivered; // the group's last-delivered id
  };

  /// A walk over the pending list, in order of ids.
  struct scan {
    std::string from = "-";
    bool own = false; // what this consumer holds too
  };

  // opening
  result<log_opening> mend(const position& tail);
  result<condition> look();
  result<void> create(const position& tail);
  result<bool> is_reread_due(const position& tail, const position& delivered);
  result<void> set_back(const position& tail);

  // reading
  result<log_read> step(size_t count_max);
  result<reply> ask_for_new(size_t count_max);
  result<log_read> read_new(size_t count_max);
  result<void> claim(size_t count_max, log_read& out);
  result<void> take_entries(reply_view entries, log_read& out) const;
  bool do_others_hold(reply_view summary) const;

  result<position> parse_id(reply_view id) const;

  connection connection_;
  uint32_t partition_;
  int64_t epoch_;
  std::string events_;
  std::string kept_;
  std::string consumer_;
  bool is_open_ = false;
  std::optional<scan> scan_; // what must be given before anything new
  log_read held_;            // read already, to be given after the scan
  log_numbers numbers_;
  std::optional<deadline> trimmed_at_;
};

} // namespace eventpulse::redis

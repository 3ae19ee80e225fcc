#pragma once
// Streams without a server: what Redis keeps for EventPulse, in memory, with
// the same promises and one lock. Shared by all ports that memory_log.hpp makes
// of it. For tests and simulation, so it has knobs that break things on
// purpose, and its clock and its waiting can be taken over.

#include "messages/api_key.hpp"
#include "messages/event_type.hpp"
#include "messages/position.hpp"
#include "messages/result.hpp"
#include "messages/stream_entry.hpp"
#include "runtime/ports/dead_letter_store.hpp"
#include "runtime/ports/event_log.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse::memory {

struct stream_options {
  uint32_t partitions = 1;
  uint64_t max_backlog = 1'000'000;
  std::chrono::milliseconds keep{0};
  uint64_t keep_bytes = 1 << 30;
  uint64_t quarantine_max = 10'000;
  /// Unix milliseconds; empty: the system's clock.
  std::function<int64_t()> clock;
  /// False: waits answer at once, for tests that run in one thread.
  bool blocks = true;
};

class stream_server {
public:
  explicit stream_server(stream_options o = {});

  // -- knobs; each takes effect with the next call -------------------------

  /// The next `calls` calls of any port do nothing and fail.
  void fail_next(size_t calls, failure why = {errc::unavailable, "refused"});
  /// The next `calls` calls do what they should, and their answer is lost.
  void lose_answers(size_t calls);
  /// Every call fails until it is back.
  void set_away(bool away);
  /// All is gone: streams, groups, keys.
  void wipe();
  /// What restore() brings back: a server that comes back behind.
  void save();
  void restore();
  /// Trims all entries up to `until`, pending or not, as a careless hand would.
  void trim(const position& until);
  /// Somebody destroys the consumer group.
  void destroy_group(uint32_t partition);

  // -- looking -------------------------------------------------------------

  std::vector<raw_entry> entries(uint32_t partition) const;
  std::vector<stream_fields> quarantined() const;
  log_numbers numbers(uint32_t partition) const;
  std::set<std::string> consumers(uint32_t partition) const;

  // -- what the ports call -------------------------------------------------

  result<std::vector<position>> append(std::span<const append_entry> entries);
  result<void> quarantine(const stream_fields& fields);
  result<std::vector<quarantined_entry>> read_quarantine(size_t limit);
  result<void> remove_quarantined(std::span<const std::string> ids);
  result<void> probe();
  result<log_opening> open(uint32_t partition, const position& tail);
  /// Takes over at most `count_max` pending entries after `from`, all or those
  /// of others; `from` moves to the last looked at, or to nullopt at the end.
  result<log_read> claim(uint32_t partition, const std::string& consumer,
                         bool own, size_t count_max,
                         std::optional<position>& from);
  struct fresh_read {
    log_read what;
    bool others_hold = false;
  };
  result<fresh_read> read(uint32_t partition, const std::string& consumer,
                          size_t count_max);
  result<void> acknowledge(uint32_t partition,
                           std::span<const position> handled);
  result<log_numbers> housekeeping(uint32_t partition, int64_t epoch);
  result<bool> wait(uint32_t partition, const position& after,
                    std::chrono::milliseconds timeout);
  result<void> publish(const std::string& topic);
  /// True when `topic` was published more than `seen` times; `seen` follows.
  result<bool> wait_hint(const std::string& topic, uint64_t& seen,
                         std::chrono::milliseconds timeout);
  uint64_t hints(const std::string& topic) const;
  result<void> store_keys(const key_set& keys);
  result<key_set> load_keys();
  result<void> store_types(const event_type_set& types);
  result<event_type_set> load_types();
  result<void> publish_report(const std::string& name,
                              const std::string& report,
                              std::chrono::milliseconds ttl);
  result<void> withdraw_report(const std::string& name);
  result<std::map<std::string, std::string>> list_reports();

private:
  struct held_entry {
    std::string consumer;
    uint32_t count = 0;
  };
  struct group {
    position delivered;
    std::map<position, held_entry> pending;
    std::set<std::string> consumers;
  };
  struct stream {
    std::map<position, stream_fields> entries;
    position last;
    uint64_t added = 0;
    std::optional<group> readers;
  };
  struct contents {
    std::map<uint32_t, stream> streams;
    std::vector<quarantined_entry> refused;
    uint64_t refused_ever = 0;
    std::optional<key_set> keys;
    std::optional<event_type_set> types;
    /// By name: until when it counts, and the report.
    std::map<std::string, std::pair<int64_t, std::string>> reports;
  };

  std::optional<failure> refusal();
  bool is_answer_lost();
  int64_t now() const;
  result<stream*> find_open(uint32_t partition);
  log_numbers count(const stream& s) const;
  position next_id(const stream& s, uint32_t partition) const;

  stream_options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  contents now_;
  contents saved_;
  std::map<std::string, uint64_t> hints_;
  size_t failing_ = 0;
  failure why_;
  size_t losing_ = 0;
  bool away_ = false;
};

} // namespace eventpulse::memory

#pragma once
// `eventpulse doctor`, the judging half: facts about servers and machine go in,
// findings come out, each with what to do. Pure; adapters and app gather the
// facts.

#include "messages/position.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

struct finding {
  enum class level : uint8_t {
    good,
    warning, // works; may cost something one day
    wrong,   // does not work, or may lose what was promised
  };
  std::string what; // "PostgreSQL fsync"
  level how = level::good;
  std::string detail; // what was found
  std::string advice; // what to do; empty when it is good
};

/// A server's clock beside ours, both Unix milliseconds, and how long the
/// question took: the difference cannot be told closer than that.
struct clock_reading {
  int64_t theirs_ms = 0;
  int64_t ours_ms = 0;
  int64_t took_ms = 0;
};

struct postgres_facts {
  int version = 0;                                         // 150004
  std::string fsync, synchronous_commit, full_page_writes; // "on" …
  std::string encoding;                                    // "UTF8"
  bool read_only = false; // a standby, or set so
  int64_t connections_max = 0;
  int64_t connections_used = 0;
  std::vector<std::string> migrations_missing;
  std::string migrations_wrong; // why the schema is not ours; else empty
  clock_reading clock;
  std::string lease_owner; // of evaluation, while it runs; else empty
  std::vector<position> tails;
  /// Channels whose secrets were encrypted with another key than ours.
  uint64_t channels_of_another_key = 0;
};

/// One partition's stream.
struct stream_facts {
  uint32_t partition = 0;
  bool exists = false;
  uint64_t length = 0;
  uint64_t added = 0; // ever
  position first;     // only where length > 0
  position last;      // the last id that was given
};

struct redis_facts {
  std::string version; // "7.0.15"
  std::string maxmemory_policy;
  uint64_t maxmemory = 0; // 0: no bound
  bool appendonly = false;
  std::string appendfsync;   // empty: the server does not tell
  bool write_failed = false; // the last write of its file did not succeed
  bool replica = false;
  uint32_t replicas = 0;
  clock_reading clock;
  std::vector<stream_facts> streams;
};

struct machine_facts {
  uint64_t files_max = 0;        // RLIMIT_NOFILE, soft
  uint64_t memory_bytes = 0;     // what this process may use
  bool redis_is_here = false;    // the next two matter only then
  std::string overcommit_memory; // of /proc/sys/vm; empty: unknown
  std::string huge_pages;        // "always [madvise] never"
};

/// What the settings ask of servers and machine.
struct wanted_facts {
  uint32_t partitions = 1;
  uint32_t wait_replicas = 0;
  uint32_t connections_max = 0;      // of HTTP
  uint32_t database_connections = 0; // of an intake process
};

std::vector<finding> judge(const postgres_facts& f, const wanted_facts& wanted);
std::vector<finding> judge(const redis_facts& f, const wanted_facts& wanted);
std::vector<finding> judge(const machine_facts& f, const redis_facts* redis,
                           const wanted_facts& wanted);

/// Whether stream and database belong together.
std::vector<finding> judge_pair(const postgres_facts& database,
                                const redis_facts& stream,
                                const wanted_facts& wanted);

finding judge_clock(const std::string& whose, const clock_reading& clock);

/// Space left where something is kept.
finding judge_space(const std::string& path, uint64_t free_bytes,
                    uint64_t all_bytes);

/// Entries that were trimmed from the stream although no table has them: after
/// the tail and before what this says. nullopt: none.
std::optional<position> gap_after(const position& tail,
                                  const stream_facts& stream);

} // namespace eventpulse

#include "runtime/core/operate/diagnosis.hpp"

#include "runtime/core/base/time.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace eventpulse {

namespace {

constexpr int postgres_version_min = 150'000;
constexpr int redis_major_min = 7;
constexpr int64_t clock_warning_ms = 1'000;
constexpr int64_t clock_wrong_ms = 30'000;
// What a worker, its standby and an operator need besides intake.
constexpr int64_t connections_spare = 20;
constexpr uint64_t files_spare = 200;
constexpr uint64_t gib = uint64_t{1} << 30;

/// Collects findings: `what` is good, or `detail` and `advice` say more.
class findings {
public:
  void check(bool good, finding::level otherwise, std::string what,
             std::string detail, std::string advice) {
    all.push_back({std::move(what), good ? finding::level::good : otherwise,
                   std::move(detail),
                   good ? std::string{} : std::move(advice)});
  }
  void demand(bool good, std::string what, std::string detail,
              std::string advice) {
    check(good, finding::level::wrong, std::move(what), std::move(detail),
          std::move(advice));
  }
  void wish(bool good, std::string what, std::string detail,
            std::string advice) {
    check(good, finding::level::warning, std::move(what), std::move(detail),
          std::move(advice));
  }

  std::vector<finding> all;
};

std::string postgres_version(int number) {
  return std::to_string(number / 10'000) + '.' +
         std::to_string(number % 10'000);
}

int major_of(const std::string& version) {
  int out = 0;
  std::from_chars(version.data(), version.data() + version.size(), out);
  return out;
}

std::string gibibytes(uint64_t bytes) {
  auto tenths = bytes / (gib / 10);
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) +
         " GiB";
}

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (auto& one : all)
    out += (out.empty() ? "" : ", ") + one;
  return out;
}

position before(const position& p) {
  if (p.seq > 0)
    return {p.partition, p.ms, p.seq - 1};
  return {p.partition, p.ms == 0 ? 0 : p.ms - 1, p.ms == 0 ? 0 : UINT64_MAX};
}

} // namespace

std::optional<position> gap_after(const position& tail,
                                  const stream_facts& stream) {
  if (!stream.exists || stream.added <= stream.length)
    return std::nullopt;
  if (stream.length == 0)
    return stream.last > tail ? std::optional{stream.last} : std::nullopt;
  return stream.first > tail ? std::optional{before(stream.first)}
                             : std::nullopt;
}

finding judge_clock(const std::string& whose, const clock_reading& clock) {
  auto apart = clock.theirs_ms - clock.ours_ms;
  auto sure = std::max<int64_t>(0, std::abs(apart) - clock.took_ms);
  finding out;
  out.what = "clock of " + whose;
  out.detail = sure == 0 ? "agrees with this machine's"
                         : format_duration_ms(std::abs(apart)) +
                               (apart > 0 ? " ahead of" : " behind") +
                               " this machine's";
  if (sure < clock_warning_ms)
    return out;
  out.how =
      sure >= clock_wrong_ms ? finding::level::wrong : finding::level::warning;
  out.advice = "run a time service (chrony, systemd-timesyncd) on both "
               "machines: days, windows and retries go by these clocks";
  return out;
}

finding judge_space(const std::string& path, uint64_t free_bytes,
                    uint64_t all_bytes) {
  finding out;
  out.what = "space for " + path;
  out.detail = gibibytes(free_bytes) + " of " + gibibytes(all_bytes) + " free";
  bool little = free_bytes < all_bytes / 10 || free_bytes < 2 * gib;
  bool none = free_bytes < all_bytes / 50 || free_bytes < gib / 2;
  if (!little)
    return out;
  out.how = none ? finding::level::wrong : finding::level::warning;
  out.advice = "make room, or shorten retention.events: when it is full, "
               "intake answers 503";
  return out;
}

std::vector<finding> judge(const postgres_facts& f,
                           const wanted_facts& wanted) {
  findings out;
  auto version = postgres_version(f.version);
  out.wish(f.version >= postgres_version_min, "PostgreSQL version", version,
           "use PostgreSQL 15 or later: nothing older is tested");
  out.demand(f.encoding == "UTF8", "PostgreSQL encoding", f.encoding,
             "make the database with ENCODING 'UTF8': events are UTF-8");
  out.demand(!f.read_only, "PostgreSQL takes writes",
             f.read_only ? "it is read-only" : "yes",
             "point database.url at the primary");
  out.demand(f.fsync == "on", "PostgreSQL fsync", f.fsync,
             "set fsync = on: after a crash the database may be unreadable");
  out.demand(f.synchronous_commit != "off", "PostgreSQL synchronous_commit",
             f.synchronous_commit,
             "set synchronous_commit = on: an event is taken out of the "
             "stream when its COMMIT is answered");
  out.demand(f.full_page_writes == "on", "PostgreSQL full_page_writes",
             f.full_page_writes,
             "set full_page_writes = on: pages that were half written in a "
             "crash cannot be mended otherwise");
  auto spare = f.connections_max - f.connections_used;
  auto needed = connections_spare + wanted.database_connections;
  out.wish(spare >= needed, "PostgreSQL connections",
           std::to_string(f.connections_used) + " of " +
               std::to_string(f.connections_max) + " in use",
           "raise max_connections: an intake and a worker need about " +
               std::to_string(needed));
  if (!f.migrations_wrong.empty())
    out.demand(false, "schema", f.migrations_wrong,
               "use the program that this database belongs to, or another "
               "database");
  else
    out.demand(f.migrations_missing.empty(), "schema",
               f.migrations_missing.empty()
                   ? "up to date"
                   : "missing " + joined(f.migrations_missing),
               "run: eventpulse migrate");
  out.demand(f.channels_of_another_key == 0, "channels' secrets",
             f.channels_of_another_key == 0
                 ? "readable with secrets.key_file"
                 : std::to_string(f.channels_of_another_key) +
                       " channels were encrypted with another key",
             "restore the key file that they were made with, or put these "
             "channels again");
  out.wish(!f.lease_owner.empty(), "a worker evaluates",
           f.lease_owner.empty() ? "nobody holds the lease" : f.lease_owner,
           "start a worker: events are taken, but nothing is kept in the "
           "database and no rule sees them");
  out.all.push_back(judge_clock("PostgreSQL", f.clock));
  return out.all;
}

std::vector<finding> judge(const redis_facts& f, const wanted_facts& wanted) {
  findings out;
  out.demand(major_of(f.version) >= redis_major_min, "Redis version", f.version,
             "use Redis 7.0 or later");
  out.demand(!f.replica, "Redis takes writes",
             f.replica ? "it is a replica" : "yes",
             "point stream.url at the primary");
  out.demand(f.maxmemory == 0 || f.maxmemory_policy == "noeviction",
             "Redis maxmemory-policy", f.maxmemory_policy,
             "set maxmemory-policy noeviction: with any other, Redis throws "
             "answered events away when its memory is full");
  out.wish(f.maxmemory > 0, "Redis maxmemory",
           f.maxmemory == 0 ? "no bound" : gibibytes(f.maxmemory),
           "set maxmemory below what the machine has: a Redis that the "
           "kernel kills answers nobody, one that is full answers 503");
  out.demand(f.appendonly, "Redis appendonly", f.appendonly ? "yes" : "no",
             "set appendonly yes: a restart of Redis loses every event that "
             "is not in PostgreSQL yet");
  if (f.appendonly)
    out.wish(f.appendfsync == "always", "Redis appendfsync",
             f.appendfsync.empty() ? "unknown: CONFIG GET is not allowed"
                                   : f.appendfsync,
             "set appendfsync always where a 202 must outlive a power "
             "failure; it is one fsync for all that came meanwhile");
  out.demand(!f.write_failed, "Redis writes its file",
             f.write_failed ? "the last write failed" : "yes",
             "look at the log of Redis and at its disk");
  out.demand(f.replicas >= wanted.wait_replicas, "Redis replicas",
             std::to_string(f.replicas) + " connected, intake.wait_replicas " +
                 std::to_string(wanted.wait_replicas),
             "connect replicas, or lower intake.wait_replicas: intake answers "
             "503");
  out.all.push_back(judge_clock("Redis", f.clock));
  return out.all;
}

std::vector<finding> judge(const machine_facts& f, const redis_facts* redis,
                           const wanted_facts& wanted) {
  findings out;
  auto files = wanted.connections_max + files_spare;
  out.wish(f.files_max >= files, "open files", std::to_string(f.files_max),
           "raise the limit to " + std::to_string(files) +
               " (ulimit -n; LimitNOFILE= in a unit), or lower "
               "server.connections_max: connections beyond it wait");
  if (!f.redis_is_here)
    return out.all;
  if (redis && f.memory_bytes > 0 && redis->maxmemory > 0)
    out.wish(redis->maxmemory <= f.memory_bytes / 4 * 3, "memory for Redis",
             gibibytes(redis->maxmemory) + " of " + gibibytes(f.memory_bytes),
             "set maxmemory to three quarters of the memory at most");
  if (!f.overcommit_memory.empty())
    out.wish(f.overcommit_memory == "1", "vm.overcommit_memory",
             f.overcommit_memory,
             "sysctl vm.overcommit_memory=1: without, Redis may fail to "
             "rewrite its file when much memory is in use");
  if (!f.huge_pages.empty())
    out.wish(f.huge_pages.find("[always]") == std::string::npos,
             "transparent huge pages", f.huge_pages,
             "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled: "
             "Redis stalls while it rewrites its file");
  return out.all;
}

std::vector<finding> judge_pair(const postgres_facts& database,
                                const redis_facts& stream,
                                const wanted_facts& wanted) {
  findings out;
  for (auto& one : stream.streams) {
    auto what = "stream of partition " + std::to_string(one.partition);
    auto tail = std::find_if(
        database.tails.begin(), database.tails.end(),
        [&](const position& p) { return p.partition == one.partition; });
    position at =
        tail == database.tails.end() ? position{one.partition, 0, 0} : *tail;
    if (!one.exists) {
      out.demand(false, what, "there is none",
                 "start a worker: it makes the stream, until then intake "
                 "answers 503");
    } else if (auto gap = gap_after(at, one)) {
      out.demand(false, what,
                 "PostgreSQL is behind it: entries after " + to_string(at) +
                     " up to " + to_string(*gap) + " are in neither of the two",
                 "restore a newer backup of PostgreSQL, or send the events of "
                 "that time again");
    } else {
      out.demand(one.last >= at, what,
                 one.last >= at
                     ? std::to_string(one.length) + " entries"
                     : "it ends at " + to_string(one.last) +
                           ", before PostgreSQL's tail " + to_string(at),
                 "Redis came back empty or old: what it had and PostgreSQL "
                 "had not is lost; a worker goes on after the tail");
    }
  }
  auto extra = std::any_of(
      database.tails.begin(), database.tails.end(),
      [&](const position& p) { return p.partition >= wanted.partitions; });
  if (extra)
    out.demand(false, "stream.partitions",
               std::to_string(wanted.partitions) +
                   ", but the database knows more partitions",
               "set stream.partitions to what it was until the streams are "
               "drained");
  return out.all;
}

} // namespace eventpulse

#pragma once
// How to reach Redis and what is asked of it. Filled by app/ from the settings
// `stream.*`, read by every class of this folder.

#include <chrono>
#include <cstdint>
#include <string>

namespace eventpulse::redis {

struct options {
  /// `unix:///run/redis.sock?db=0`,
  /// `redis://[user[:password]@]host[:port][/db]` or `rediss://…` (TLS;
  /// `?ca_file=`, `?cert_file=`, `?key_file=`). User and password in a URL are
  /// percent-encoded.
  std::string url;
  /// Win over the URL's where not empty.
  std::string username;
  std::string password;
  std::string prefix = "ep"; // of every key
  uint32_t partitions = 1;
  /// Connecting, and one call; a wait adds its own time.
  std::chrono::milliseconds timeout{5'000};
  /// Entries of a partition that are not acknowledged; above it append is
  /// refused as overloaded.
  uint64_t max_backlog = 1'000'000;
  /// Acknowledged entries younger than `keep` stay, under `keep_bytes` in all.
  std::chrono::milliseconds keep{0};
  uint64_t keep_bytes = 1 << 30;
  /// Between two trims; housekeeping() in between repeats the last numbers.
  std::chrono::milliseconds trim_every{1'000};
  /// Replicas that must have an entry before append says so (WAIT).
  uint32_t wait_replicas = 0;
  uint64_t quarantine_max = 10'000; // entries, approximately
};

} // namespace eventpulse::redis

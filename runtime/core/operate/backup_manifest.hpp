#pragma once
// What a backup says of itself: manifest.json beside its files. Pure.
//
// A backup is a directory: `stream.resp` (the entries of all partitions and of
// the quarantine, as RESP arrays [stream, id, field, value, …]),
// `database.dump` (pg_dump's custom format), `keys/` (of an `up` data
// directory) and the manifest, which is written last: a directory without one
// is no backup.

#include "messages/position.hpp"
#include "messages/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace eventpulse {

struct backup_file {
  std::string name; // relative to the backup
  uint64_t bytes = 0;
  std::string sha256;
};

struct backup_stream {
  uint64_t entries = 0;
  position last; // the last id that was given
};

struct backup_manifest {
  std::string program;    // EventPulse's version
  std::string created_at; // RFC 3339; the backup holds all that was answered
                          // 202 before
  uint32_t partitions = 1;
  std::vector<backup_stream> streams; // a partition each
  uint64_t quarantined = 0;
  int postgres_version = 0;    // 150004
  std::string migration;       // the newest that was applied
  std::vector<position> tails; // PostgreSQL's, a partition each
  std::string secret_key_id;   // encrypts channels' secrets; may be empty
  std::vector<backup_file> files;
};

std::string to_json(const backup_manifest& m);

/// errc::invalid: no manifest, or of a format that this program cannot read.
result<backup_manifest> parse_manifest(const std::string& text);

} // namespace eventpulse

#pragma once
// The pair of Redis and PostgreSQL, out into a directory and back in.
// Consistent under load: the stream is read first, then the database in one
// snapshot, so that whatever left the stream meanwhile is in the database;
// what is in both is known by its position and counts once. Everything that was
// answered 202 before the backup began is in it.

#include "runtime/app/settings.hpp"

#include "runtime/core/operate/backup_manifest.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

/// Told what takes a moment, for people. May be empty.
using backup_progress = std::function<void(const std::string&)>;

struct backup_plan {
  std::filesystem::path into;
  /// The `up` directory whose keys go along; empty: none do.
  std::filesystem::path keys_of;
  bool replace = false; // an older backup in its place
  backup_progress tell;
};

/// Into a directory beside, renamed when it is whole. conflict: the place is
/// taken.
result<backup_manifest> make_backup(const settings& s, const backup_plan& plan);

enum class restore_part : uint8_t { both, database, stream };

struct restore_plan {
  std::filesystem::path from;
  restore_part part = restore_part::both;
  bool force = false; // over what is there
  backup_progress tell;
};

/// A partition whose stream lost entries that the database has not.
struct restore_gap {
  position after;
  position until;
};

struct restore_report {
  backup_manifest manifest;
  uint64_t entries = 0; // put into the streams
  std::vector<restore_gap> gaps;
  std::vector<std::string> migrated; // what was applied after it
};

/// Reads the manifest and checks every file against it; changes nothing.
result<backup_manifest> check_backup(const std::filesystem::path& from);

/// conflict: something is there and `force` is not given, or one of our
/// processes is connected, or the backup is of a newer program.
result<restore_report> restore_backup(const settings& s,
                                      const restore_plan& plan);

} // namespace eventpulse

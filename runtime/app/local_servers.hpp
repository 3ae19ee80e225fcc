#pragma once
// The servers that a command means: those configured, else the private ones of
// an `eventpulse up` that runs on a data directory of this machine. Used by the
// commands that speak to Redis and PostgreSQL themselves.

#include "runtime/app/command_line.hpp"

#include <filesystem>

namespace eventpulse {

/// --data DIR, for finding the servers of a running `up`.
flag_spec data_flag();

/// Whether something is there that this user may not read.
bool is_denied(const std::filesystem::path& path);

/// That of a data directory, as a failure.
failure denied(const std::filesystem::path& data);

/// Fills stream.url, database.url and secrets.key_file, where they are empty,
/// from the directory of a running `up`. not_found: nothing runs there.
result<void> use_data_directory(settings& s, const std::filesystem::path& data);

/// The settings of a command with data_flag(), complete with both URLs; the
/// failure says what to give.
result<settings> settings_with_servers(const arguments& given);

} // namespace eventpulse

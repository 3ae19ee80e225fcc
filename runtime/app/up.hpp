#pragma once
// `eventpulse up`: everything on one machine. Starts the private servers that
// are not configured, brings the schema up to date, makes the first admin key,
// runs intake and worker as children of itself, says how to use it, starts
// again what dies, and stops all in order. What it needs from other layers
// (migrations, keys) comes in as functions from main.
// Run it on the main thread, before any other thread exists: children die with
// the thread that made them, and signals are taken there.

#include "messages/result.hpp"
#include "runtime/app/command_line.hpp"
#include "runtime/app/settings.hpp"

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>

namespace eventpulse {

enum class key_origin : uint8_t {
  fresh, // just made: add it, unless it was added already
  kept,  // of an earlier run: it may have been revoked since
};

struct up_hooks {
  /// Brings the schema of `database.url` up to date.
  std::function<result<void>(const settings&)> migrate;
  /// Adds a fresh key with scope admin and no rate; says whether the key is
  /// good (false: revoked).
  std::function<result<bool>(const settings&, const std::string& key,
                             key_origin)>
      admin_key;
};

struct up_options {
  settings base; // as loaded
  std::filesystem::path data_dir = "./.eventpulse";
  std::string ready_file;                 // empty: none
  std::string program = "/proc/self/exe"; // runs `intake` and `worker`
  /// Asks whether intake answers; empty: GET /readyz.
  std::function<bool(const settings&)> intake_ready;
};

/// Runs until SIGINT, SIGTERM or SIGHUP; gives the exit code.
int run_up(const up_options& options, const up_hooks& hooks, std::ostream& out,
           std::ostream& err);

/// The registry entry. `worker` must take `--ready-file FILE` and write it once
/// it evaluates; `intake` must answer GET /readyz with 200 once it takes
/// events. Both read their settings from the environment alone.
command up_command(up_hooks hooks);

} // namespace eventpulse

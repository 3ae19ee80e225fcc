#pragma once
// What `up` prepares for its children and its user: settings made complete,
// the key that encrypts secrets, the first admin key, how intake and worker are
// run, and the texts. Used by up.cpp alone.

#include "runtime/app/data_directory.hpp"
#include "runtime/app/managed_process.hpp"
#include "runtime/app/up.hpp"

#include <optional>
#include <string>

namespace eventpulse::up_detail {

/// Fills in a free port where it is 0; refuses an address or port that nobody
/// could listen on, so that it is told at once and not by a child's log.
result<void> settle_port(settings& s, const data_directory& directory);

/// Makes `secrets.key` if no key file is configured, and turns the paths of
/// files into absolute ones.
result<void> settle_files(settings& s, const data_directory& directory);

/// The first admin key while it is good; nullopt after it was revoked.
result<std::optional<std::string>>
settle_admin_key(const settings& s, const data_directory& directory,
                 const up_hooks& hooks);

/// How `intake` and `worker` are run.
managed_options plan_intake(const up_options& options, const settings& s,
                            const data_directory& directory);
managed_options plan_worker(const up_options& options, const settings& s,
                            const data_directory& directory);

/// "http://127.0.0.1:8080": where a client on this machine finds intake.
std::string client_address(const settings& s);

struct process_ids {
  pid_t intake = 0;
  pid_t worker = 0;
  pid_t redis = 0;
  pid_t postgres = 0;
};

/// The JSON of --ready-file. What is not ours has the pid null.
std::string ready_text(const settings& s, const std::optional<std::string>& key,
                       const process_ids& pids);

/// What is printed when everything answers.
std::string welcome_text(const settings& s,
                         const std::optional<std::string>& key,
                         const data_directory& directory);

} // namespace eventpulse::up_detail

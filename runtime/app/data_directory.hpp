#pragma once
// The directory in which `eventpulse up` keeps everything: one owner, one lock,
// one layout. Used by the embedded servers and by `up`.
//   lock            held by the one `up` that uses the directory
//   servers.lock    held by the servers, so that those of a killed `up` are
//   gone
//                   before new ones start (Redis itself takes no lock at all)
//   postgres/ redis/ logs/ run/   run/ has the sockets
//   admin_key secrets.key         the first admin key, what encrypts secrets
// Started by root, children run as the directory's owner (never as root). An
// owner that cannot search the parents (a clone in /root) reaches the directory
// through an inherited descriptor, /proc/self/fd/N, and needs no privilege.
// A socket's path is limited to 107 bytes (unix(7)); where run/ is too long, or
// out of the owner's reach, sockets are in a private directory under
// $XDG_RUNTIME_DIR or /tmp.
// Refuses: a directory in use, one it may not write to, one that belongs to
// root and holds something else.

#include "messages/result.hpp"
#include "runtime/app/user_identity.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

class data_directory {
public:
  /// Makes what is missing and takes both locks.
  static result<std::unique_ptr<data_directory>>
  open(const std::filesystem::path& path);

  data_directory(const data_directory&) = delete;
  data_directory& operator=(const data_directory&) = delete;
  ~data_directory();

  /// Absolute.
  const std::filesystem::path& path() const { return path_; }
  /// Where sockets are; absolute, reachable by children and by us.
  const std::filesystem::path& run() const { return run_; }

  /// Whom files here belong to and children run as.
  const user_identity& owner() const { return owner_; }
  /// For child_options.user: set when we are root.
  std::optional<user_identity> child_user() const;
  /// `path() / relative` as children can reach it.
  std::string child_path(const std::string& relative) const;
  /// For child_options.keep_descriptors of any child.
  std::vector<int> child_descriptors() const;
  /// The same for servers, which hold servers.lock too.
  std::vector<int> server_descriptors() const;

  /// Makes a file of mode 0600 that belongs to the owner, at once or not at
  /// all, in place of any old one.
  result<void> write_private(const std::string& relative,
                             const std::string& bytes) const;
  /// Its bytes; not_found where there is none.
  result<std::string> read_private(const std::string& relative) const;

private:
  data_directory() = default;
  result<void> settle_owner();
  result<void> take_locks();
  result<void> make_layout();
  result<void> choose_run_directory();
  result<void> make_directory(const std::filesystem::path& path) const;

  std::filesystem::path path_;
  std::filesystem::path run_;
  user_identity owner_;
  bool reachable_ = true;    // by the owner, by its path
  bool run_is_ours_ = false; // a private one, removed at the end
  int directory_fd_ = -1;
  int lock_fd_ = -1;
  int servers_lock_fd_ = -1;
};

} // namespace eventpulse

#pragma once
// Whom a child process runs as. PostgreSQL refuses root, and nothing of ours
// needs root, so `up` started by root gives its children to the data
// directory's owner.

#include "messages/result.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace eventpulse {

struct user_identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;

  friend bool operator==(const user_identity&, const user_identity&) = default;
};

/// The user of this process (effective ids).
user_identity current_user();

/// A user by name; not_found where there is none.
result<user_identity> find_user(const std::string& name);

/// A user by id; a number as name where the system knows none.
user_identity user_of(uid_t uid, gid_t gid);

/// Whether `who` may open `path` with `mode` (R_OK, W_OK, X_OK), which a child
/// that has become `who` finds out, so that access lists count too.
bool may_access(const user_identity& who, const std::filesystem::path& path,
                int mode);

} // namespace eventpulse

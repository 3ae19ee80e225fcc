#pragma once
// Files that others read while we write: they see the old one or the new one,
// never half of it (write beside, fsync, rename).

#include "messages/result.hpp"
#include "runtime/app/user_identity.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace eventpulse {

/// Replaces `path` by a file of these bytes and mode, durably. `owner`, if
/// given, gets the file.
result<void> write_file(const std::string& path, const std::string& bytes,
                        mode_t mode,
                        const std::optional<user_identity>& owner = {});

} // namespace eventpulse

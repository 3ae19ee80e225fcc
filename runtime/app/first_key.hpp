#pragma once
// Admin keys made straight in the database: the first one of an installation,
// which no API call can make, since every call needs a key. Used by `up` and by
// `keys bootstrap`.

#include "runtime/app/command_line.hpp"
#include "runtime/app/settings.hpp"
#include "runtime/app/up.hpp"

#include <string>

namespace eventpulse {

/// Whether the key of this text holds scope admin. Where the database does not
/// know it, a fresh one is added, named admin, admin-2 … as is free; one that
/// was kept is not.
result<bool> settle_key(const settings& s, const std::string& text,
                        key_origin origin);

command keys_bootstrap_command();

} // namespace eventpulse

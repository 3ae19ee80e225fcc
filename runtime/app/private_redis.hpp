#pragma once
// How the private Redis of a data directory is run: the distribution's server,
// on a unix socket only, as durable as Redis can be (every answer after an
// fsync), and refusing writes at its memory bound instead of forgetting.

#include "runtime/app/data_directory.hpp"
#include "runtime/app/managed_process.hpp"

namespace eventpulse::private_redis {

result<managed_options> plan(const data_directory& directory, survives what);

/// "unix:///…/redis.sock?db=0".
std::string url(const data_directory& directory);

} // namespace eventpulse::private_redis

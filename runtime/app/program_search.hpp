#pragma once
// Where the distribution keeps the servers that we run, and what the machine
// offers them.

#include "messages/result.hpp"

#include <cstdint>
#include <string>

namespace eventpulse {

result<std::string> find_redis_server();

/// The directory of PostgreSQL's programs (Debian: /usr/lib/postgresql/N/bin):
/// of this major version, or with an empty one of the highest installed.
result<std::string> find_postgres_programs(const std::string& version);

/// What this process may use: the cgroup's bound, if lower than the machine's.
uint64_t physical_memory_bytes();

} // namespace eventpulse

#pragma once
// The ports of runtime/ports/event_log.hpp and key_mirror on Redis 7.0 and
// later. app/ makes one object for each actor that needs it. What stands under
// which key is in schema/redis.md; the promises are the ports'.
//
// Every foreign failure becomes an errc: a Redis that is away, loading,
// read-only or out of memory is unavailable, and nothing is lost by it. A URL
// that cannot be read is errc::invalid at every call; app/ refuses it at start
// with parse_endpoint.

#include "runtime/adapters/redis/options.hpp"
#include "runtime/ports/event_log.hpp"
#include "runtime/ports/key_store.hpp"
#include "runtime/ports/system.hpp"

#include <cstdint>
#include <memory>

namespace eventpulse::redis {

std::unique_ptr<log_appender> make_appender(const options& o);

/// The consumer's name is `<partition>-<epoch>`, so that a stale owner is
/// somebody else.
std::unique_ptr<partition_log>
make_partition_log(const options& o, uint32_t partition, int64_t epoch);

std::unique_ptr<log_waiter> make_waiter(const options& o);
std::unique_ptr<hint_bus> make_hint_bus(const options& o);
std::unique_ptr<key_mirror> make_key_mirror(const options& o);
std::unique_ptr<process_board> make_process_board(const options& o);

} // namespace eventpulse::redis

#pragma once
// The ports of runtime/ports/event_log.hpp and key_mirror on a stream_server.
// They keep the promises of the Redis ones; tests/contract holds both to them.

#include "runtime/adapters/memory/memory_stream_server.hpp"
#include "runtime/ports/event_log.hpp"
#include "runtime/ports/key_store.hpp"
#include "runtime/ports/system.hpp"

#include <cstdint>
#include <memory>

namespace eventpulse::memory {

using stream_server_ptr = std::shared_ptr<stream_server>;

std::unique_ptr<log_appender> make_appender(stream_server_ptr server);
std::unique_ptr<partition_log>
make_partition_log(stream_server_ptr server, uint32_t partition, int64_t epoch);
std::unique_ptr<log_waiter> make_waiter(stream_server_ptr server);
std::unique_ptr<hint_bus> make_hint_bus(stream_server_ptr server);
std::unique_ptr<key_mirror> make_key_mirror(stream_server_ptr server);
std::unique_ptr<process_board> make_process_board(stream_server_ptr server);

} // namespace eventpulse::memory

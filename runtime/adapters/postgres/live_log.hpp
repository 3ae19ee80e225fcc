#pragma once
// The live feed's logs on PostgreSQL; as the stores of stores.hpp.

#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/ports/live_log.hpp"

namespace eventpulse::postgres {

/// `partitions` is how many the stream has: events wait for all their clocks.
std::unique_ptr<live_log> make_live_log(const options& o,
                                        uint32_t partitions = 1);

} // namespace eventpulse::postgres

#pragma once
// What Redis says of itself and of our streams, for `eventpulse doctor` and
// after a restore. Changes nothing.

#include "messages/result.hpp"
#include "runtime/adapters/redis/options.hpp"
#include "runtime/core/operate/diagnosis.hpp"

namespace eventpulse::redis {

result<redis_facts> look_at_server(const options& o);

/// A stream an entry for each partition of the settings.
result<std::vector<stream_facts>> look_at_streams(const options& o);

} // namespace eventpulse::redis

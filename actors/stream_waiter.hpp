#pragma once
// The stream_waiter: blocks for the partition_reader, so that the reader itself
// always answers. Detached; linked to its reader.

#include "messages/protocols/partition.hpp"
#include "runtime/ports/event_log.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>

namespace eventpulse {

stream_waiter_actor::behavior_type
stream_waiter(stream_waiter_actor::pointer self, uint32_t partition,
              const std::function<std::unique_ptr<log_waiter>()>& open);

} // namespace eventpulse

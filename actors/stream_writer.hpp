#pragma once
// The stream_writer: one MULTI/EXEC for everything that queued while the last
// one was under way (group commit without a timer). Runs detached, since the
// port blocks; restarted by its supervisor with a fresh connection. What it
// holds unanswered when it dies is answered as outcome_unknown.

#include "messages/protocols/directory.hpp"
#include "messages/protocols/stream_writer.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/event_log.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"

#include <caf/fwd.hpp>

#include <functional>
#include <memory>

namespace eventpulse {

struct stream_writer_setup {
  std::function<std::unique_ptr<log_appender>()> open_log;
  std::shared_ptr<world> surroundings; // null: what is remembered stays
  logger log;
  metrics* meters = nullptr; // outlives the actor; null in tests
  bool detached = true;      // false only under the test scheduler
};

stream_writer_actor spawn_stream_writer(caf::actor_system& system,
                                        stream_writer_setup setup);

} // namespace eventpulse

#pragma once
// The health actor: liveness is that it answers; readiness is that no part has
// a reason against it (telemetry/readiness) and, in intake, that the stream
// would take an event now; metrics are the registry's text.

#include "messages/protocols/directory.hpp"
#include "messages/protocols/health.hpp"
#include "messages/protocols/stream_writer.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/readiness.hpp"

#include <caf/fwd.hpp>

#include <memory>
#include <string>

namespace eventpulse {

struct health_setup {
  /// Outlives every incarnation.
  std::shared_ptr<readiness> parts = std::make_shared<readiness>();
  bool asks_stream = false; // intake does
  directory_actor directory;
  metrics* meters = nullptr;
};

class health_state {
public:
  static inline const char* name = "health";
  using pointer = health_actor::stateful_pointer<health_state>;

  explicit health_state(pointer self) : self_(self) {}

  health_actor::behavior_type start(health_setup setup);

private:
  void handle(const http_exchange& call);
  void ready(const http_exchange& call);
  http_response answer() const;

  pointer self_;
  health_setup setup_;
  stream_writer_actor writer_;
};

health_actor::behavior_type
health(health_actor::stateful_pointer<health_state> self,
       const health_setup& setup);

} // namespace eventpulse

#pragma once
// Takes spans out of a queue and gives them to a collector by OTLP over HTTP,
// JSON encoded, on a thread of its own. A batch is tried again only where the
// specification says so (429, 502, 503, 504, no answer), with the collector's
// Retry-After or a growing wait; meanwhile the queue fills and drops. What
// becomes of every span is counted. The collector is the operator's, so it may
// stand on a private address; redirects are not followed.

#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/otlp.hpp"
#include "runtime/telemetry/trace.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse::outbound {

struct trace_exporter_options {
  std::string url;                  // with its path, ".../v1/traces"
  std::vector<std::string> headers; // "Name: value", sent with every request
  otlp::resource resource;
  size_t batch_spans_max = 512;
  std::chrono::milliseconds interval{1'000}; // between looks at the queue
  std::chrono::milliseconds timeout{10'000}; // of one request
  unsigned tries_max = 5;
  std::chrono::milliseconds back_off_min{500};
  std::chrono::milliseconds back_off_max{30'000}; // Retry-After is cut to it
  /// For what is left at the end: of one request, and of starting the last.
  std::chrono::milliseconds last_timeout{2'000};
};

class trace_exporter {
public:
  virtual ~trace_exporter() = default;
};

/// Runs until it is destroyed, which closes the queue and gives what is in it
/// one last try. `counts` outlives it.
std::unique_ptr<trace_exporter>
make_trace_exporter(trace_exporter_options o, std::shared_ptr<span_queue> queue,
                    trace_metrics& counts, logger log);

} // namespace eventpulse::outbound

#pragma once
// The figures of the process itself, by the names every Prometheus client uses
// (prometheus.io, "Writing client libraries", process metrics), read from /proc
// when asked. What cannot be read is left out.

#include <prometheus/metric_family.h>

#include <vector>

namespace eventpulse {

std::vector<prometheus::MetricFamily> collect_process_metrics();

} // namespace eventpulse

#pragma once
// Every number the process shows to Prometheus. `app` makes one `metrics` and
// hands it on by reference; it must outlive the actor system and everything
// else that holds a reference or a handle. Areas are small structs of cached
// references, since looking a series up costs fifty times what counting does.
// Promises: thread-safe; series with known labels exist with value 0 from the
// start; labels taken from users (rule, channel) and kinds are bounded, what
// is above the bound shares the series "_other". Text format 0.0.4.

#include "runtime/telemetry/actor_probe.hpp"
#include "runtime/telemetry/metric_handles.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace eventpulse {

struct metrics_options {
  std::string version = "unknown"; // eventpulse_build_info{version,role}
  std::string role = "unknown";    // "intake", "worker"
  size_t rules_labelled_max = 1000;
  size_t channels_labelled_max = 500;
  uint32_t partitions = 1; // shown from the start; others when they appear
};

/// eventpulse_intake_*
struct intake_metrics {
  prometheus::Counter& events_accepted;  // events_total{outcome="accepted"}
  prometheus::Counter& events_duplicate; // {outcome="duplicate"}: known already
  prometheus::Counter& events_invalid; // {outcome="invalid"}: refused for good
  prometheus::Counter& events_refused; // {outcome="refused"}: send it again
  prometheus::Histogram& request_seconds;
  prometheus::Counter& bytes_total; // request bodies as received
  prometheus::Gauge& connections;
};

/// eventpulse_stream_*{partition}
struct stream_metrics {
  prometheus::Gauge& entries;
  prometheus::Gauge& lag_entries;
  prometheus::Gauge& lag_seconds;
  prometheus::Gauge& pending_entries;
  prometheus::Counter& reclaimed_total;
};

/// eventpulse_persistence_*
struct persistence_metrics {
  prometheus::Counter& rows_total;
  prometheus::Counter& duplicates_total;
  prometheus::Histogram& batch_rows;
  prometheus::Histogram& commit_seconds;
  prometheus::Counter& retries_total;
  prometheus::Counter& dead_letters_total;
};

/// eventpulse_delivery_*, over all channels
struct delivery_metrics {
  prometheus::Histogram& delivery_seconds; // one attempt
  prometheus::Gauge& delivery_queue;       // due and not yet sent
};

/// eventpulse_retention_*
struct retention_metrics {
  prometheus::Gauge& last_sweep;  // last_sweep_timestamp_seconds
  prometheus::Gauge& events_held; // 1: a day is due and evaluation needs it
};

/// eventpulse_event_to_persist_seconds and its like
struct end_to_end_metrics {
  prometheus::Histogram& event_to_persist_seconds;
  prometheus::Histogram& event_to_alert_seconds;
  prometheus::Histogram& alert_to_delivery_seconds;
};

/// eventpulse_trace_spans_total{outcome}
struct trace_metrics {
  prometheus::Counter& exported; // the collector took them
  prometheus::Counter& rejected; // it said that it did not
  prometheus::Counter& dropped;  // the queue was full, or it did not answer
};

class metrics {
public:
  explicit metrics(metrics_options options = {});
  ~metrics();
  metrics(const metrics&) = delete;
  metrics& operator=(const metrics&) = delete;

  intake_metrics& intake() noexcept;
  /// eventpulse_intake_requests_total{code}; a code that is no HTTP status
  /// counts as 500.
  prometheus::Counter& intake_requests(unsigned status);
  stream_metrics& stream(uint32_t partition);
  persistence_metrics& persistence() noexcept;
  delivery_metrics& delivery() noexcept;
  end_to_end_metrics& end_to_end() noexcept;
  retention_metrics& retention() noexcept;
  /// eventpulse_retention_removed_total{table}; `table` is one of a fixed few.
  prometheus::Counter& retention_removed(std::string_view table);
  trace_metrics& traces() noexcept;

  /// A handle on a rule's series, made at the first call. They stay while
  /// anybody holds a handle or until remove_rule, whichever is later, so that
  /// a restarted evaluator goes on counting where its predecessor stopped.
  rule_metrics rule(std::string_view id);
  void remove_rule(std::string_view id);

  /// The same for a channel; its id is the label.
  channel_metrics channel(std::string_view id);
  void remove_channel(std::string_view id);

  /// The actors' own shares; see actors/metered.hpp.
  actor_probes& actors() noexcept;
  /// The supervisors': eventpulse_actor_restarts_total{kind}.
  prometheus::Counter& actor_restarts(std::string_view kind);

  /// All of it with the process's own figures, for
  /// `Content-Type: text/plain; version=0.0.4`. Milliseconds for thousands of
  /// series: call it away from live traffic.
  std::string scrape() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace eventpulse

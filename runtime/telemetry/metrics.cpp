#include "runtime/telemetry/metrics.hpp"

#include "runtime/telemetry/process_metrics.hpp"
#include "runtime/telemetry/series_pool.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>

namespace eventpulse {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;
using buckets = Histogram::BucketBoundaries;

constexpr uint32_t partitions_max = 1024;
constexpr unsigned status_min = 100;
constexpr unsigned status_max = 599;

// Statuses that intake answers with, shown from the start.
constexpr unsigned statuses_known[] = {200, 202, 400, 401, 403, 404,
                                       405, 406, 409, 411, 413, 415,
                                       422, 429, 431, 500, 501, 503};

const buckets request_buckets{.0005, .001, .0025, .005, .01, .025, .05,
                              .1,    .25,  .5,    1,    2.5, 5,    10};
const buckets row_buckets{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
const buckets end_to_end_buckets{.001, .0025, .005, .01, .025, .05, .1, .25,
                                 .5,   1,     2.5,  5,   10,   30,  60, 300};

Family<Counter>& counters(Registry& r, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(r);
}

Family<Gauge>& gauges(Registry& r, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(r);
}

Family<Histogram>& histograms(Registry& r, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(r);
}

Counter& counter(Registry& r, const char* name, const char* help) {
  return counters(r, name, help).Add({});
}

Gauge& gauge(Registry& r, const char* name, const char* help) {
  return gauges(r, name, help).Add({});
}

Histogram& histogram(Registry& r, const char* name, const char* help,
                     const buckets& bounds) {
  return histograms(r, name, help).Add({}, bounds);
}

intake_metrics make_intake(Registry& r) {
  auto& events = counters(r, "eventpulse_intake_events_total",
                          "Events by what became of them at intake");
  return {events.Add({{"outcome", "accepted"}}),
          events.Add({{"outcome", "duplicate"}}),
          events.Add({{"outcome", "invalid"}}),
          events.Add({{"outcome", "refused"}}),
          histogram(r, "eventpulse_intake_request_seconds",
                    "Time from a request's last byte to its answer",
                    request_buckets),
          counter(r, "eventpulse_intake_bytes_total",
                  "Bytes of request bodies as received"),
          gauge(r, "eventpulse_intake_connections", "Open client connections")};
}

persistence_metrics make_persistence(Registry& r) {
  return {counter(r, "eventpulse_persistence_rows_total",
                  "Events inserted into PostgreSQL"),
          counter(r, "eventpulse_persistence_duplicates_total",
                  "Events not inserted because they were there"),
          histogram(r, "eventpulse_persistence_batch_rows",
                    "Events of one insert", row_buckets),
          histogram(r, "eventpulse_persistence_commit_seconds",
                    "Time of one insert with its commit", request_buckets),
          counter(r, "eventpulse_persistence_retries_total",
                  "Inserts that were repeated"),
          counter(r, "eventpulse_persistence_dead_letters_total",
                  "Events set aside: refused by intake, or not to be stored")};
}

delivery_metrics make_delivery(Registry& r) {
  return {histogram(r, "eventpulse_delivery_seconds",
                    "Time of one delivery attempt", request_buckets),
          gauge(r, "eventpulse_delivery_queue",
                "Deliveries that are due and not sent yet")};
}

end_to_end_metrics make_end_to_end(Registry& r) {
  return {histogram(r, "eventpulse_event_to_persist_seconds",
                    "Time from an event's acceptance to its commit",
                    end_to_end_buckets),
          histogram(r, "eventpulse_event_to_alert_seconds",
                    "Time from an event's acceptance to its alert's commit",
                    end_to_end_buckets),
          histogram(r, "eventpulse_alert_to_delivery_seconds",
                    "Time from an alert's commit to its first delivery",
                    end_to_end_buckets)};
}

retention_metrics make_retention(Registry& r) {
  return {gauge(r, "eventpulse_retention_last_sweep_timestamp_seconds",
                "When the last sweep began that removed all that was due"),
          gauge(r, "eventpulse_retention_events_held",
                "Whether a day of events is due that evaluation still needs")};
}

trace_metrics make_traces(Registry& r) {
  auto& spans = counters(r, "eventpulse_trace_spans_total",
                         "Spans of traces by what became of them");
  return {spans.Add({{"outcome", "exported"}}),
          spans.Add({{"outcome", "rejected"}}),
          spans.Add({{"outcome", "dropped"}})};
}

detail::rule_families make_rules(Registry& r) {
  return {&counters(r, "eventpulse_rule_evaluations_total",
                    "Events a rule's evaluator looked at"),
          &counters(r, "eventpulse_rule_matches_total",
                    "Events that met a rule's condition"),
          &counters(r, "eventpulse_rule_errors_total",
                    "Evaluations of a rule that ended in an error"),
          &gauges(r, "eventpulse_rule_lag_seconds",
                  "Age of the oldest event that a rule has not evaluated yet"),
          &gauges(r, "eventpulse_rule_groups", "Groups a rule keeps state of"),
          &counters(r, "eventpulse_alerts_opened_total", "Alerts opened")};
}

detail::channel_families make_channels(Registry& r) {
  return {&counters(r, "eventpulse_deliveries_total",
                    "Delivery attempts by what became of them"),
          &gauges(r, "eventpulse_delivery_circuit_open",
                  "Whether sending to a channel is stopped after failures")};
}

} // namespace

struct metrics::impl {
  explicit impl(const metrics_options& o)
      : rules(make_rules(registry), o.rules_labelled_max),
        channels(make_channels(registry), o.channels_labelled_max) {}

  Registry registry;
  intake_metrics intake = make_intake(registry);
  persistence_metrics persistence = make_persistence(registry);
  delivery_metrics delivery = make_delivery(registry);
  end_to_end_metrics end_to_end = make_end_to_end(registry);
  retention_metrics retention = make_retention(registry);
  Family<Counter>& retention_removed =
      counters(registry, "eventpulse_retention_removed_total",
               "Rows that were kept for long enough and are gone");
  trace_metrics traces = make_traces(registry);
  detail::rule_series_pool rules;
  detail::channel_series_pool channels;

  Family<Counter>& requests =
      counters(registry, "eventpulse_intake_requests_total",
               "HTTP requests by status of the answer");
  std::array<std::atomic<Counter*>, status_max + 1> by_status{};

  Family<Gauge>& entries = gauges(registry, "eventpulse_stream_entries",
                                  "Entries in the partition's stream");
  Family<Gauge>& lag_entries =
      gauges(registry, "eventpulse_stream_lag_entries",
             "Entries not read by the consumer group yet");
  Family<Gauge>& lag_seconds =
      gauges(registry, "eventpulse_stream_lag_seconds",
             "Age of the oldest entry that is not acknowledged");
  Family<Gauge>& pending_entries =
      gauges(registry, "eventpulse_stream_pending_entries",
             "Entries read and not acknowledged yet");
  Family<Counter>& reclaimed =
      counters(registry, "eventpulse_stream_reclaimed_total",
               "Entries taken over from a consumer that was lost");

  Family<Counter>& restarts =
      counters(registry, "eventpulse_actor_restarts_total",
               "Restarts decided by supervisors");

  actor_probes probes;

  std::mutex mutex; // guards the maps; what they hold never moves
  std::map<uint32_t, stream_metrics> streams;
  std::map<std::string, Counter*, std::less<>> restarts_by_kind;
};

metrics::metrics(metrics_options options)
    : impl_(std::make_unique<impl>(options)) {
  gauges(impl_->registry, "eventpulse_build_info",
         "What runs here; the value is always 1")
      .Add({{"version", options.version}, {"role", options.role}})
      .Set(1);
  for (auto status : statuses_known)
    intake_requests(status);
  for (uint32_t p = 0; p < options.partitions && p < partitions_max; ++p)
    stream(p);
}

metrics::~metrics() = default;

intake_metrics& metrics::intake() noexcept {
  return impl_->intake;
}

persistence_metrics& metrics::persistence() noexcept {
  return impl_->persistence;
}

delivery_metrics& metrics::delivery() noexcept {
  return impl_->delivery;
}

end_to_end_metrics& metrics::end_to_end() noexcept {
  return impl_->end_to_end;
}

retention_metrics& metrics::retention() noexcept {
  return impl_->retention;
}

Counter& metrics::retention_removed(std::string_view table) {
  return impl_->retention_removed.Add({{"table", std::string{table}}});
}

Counter& metrics::intake_requests(unsigned status) {
  if (status < status_min || status > status_max)
    status = 500;
  auto& cached = impl_->by_status[status];
  if (auto* known = cached.load(std::memory_order_acquire))
    return *known;
  // Add gives equal labels the same series, so a race here is harmless.
  auto& made = impl_->requests.Add({{"code", std::to_string(status)}});
  cached.store(&made, std::memory_order_release);
  return made;
}

stream_metrics& metrics::stream(uint32_t partition) {
  std::lock_guard guard{impl_->mutex};
  // Partitions are few by configuration; a wild number must not become series
  // without end.
  bool is_labelled = partition < partitions_max;
  auto key = is_labelled ? partition : partitions_max;
  auto found = impl_->streams.find(key);
  if (found != impl_->streams.end())
    return found->second;
  prometheus::Labels labels{
      {"partition", is_labelled ? std::to_string(partition)
                                : std::string{detail::label_other}}};
  stream_metrics made{
      impl_->entries.Add(labels), impl_->lag_entries.Add(labels),
      impl_->lag_seconds.Add(labels), impl_->pending_entries.Add(labels),
      impl_->reclaimed.Add(labels)};
  return impl_->streams.emplace(key, made).first->second;
}

rule_metrics metrics::rule(std::string_view id) {
  return {&impl_->rules, impl_->rules.acquire(id)};
}

void metrics::remove_rule(std::string_view id) {
  impl_->rules.remove(id);
}

channel_metrics metrics::channel(std::string_view id) {
  return {&impl_->channels, impl_->channels.acquire(id)};
}

void metrics::remove_channel(std::string_view id) {
  impl_->channels.remove(id);
}

trace_metrics& metrics::traces() noexcept {
  return impl_->traces;
}

actor_probes& metrics::actors() noexcept {
  return impl_->probes;
}

Counter& metrics::actor_restarts(std::string_view kind) {
  std::lock_guard guard{impl_->mutex};
  auto& known = impl_->restarts_by_kind;
  if (auto found = known.find(kind); found != known.end())
    return *found->second;
  if (known.size() >= actor_kinds_max)
    kind = detail::label_other;
  std::string label{kind};
  auto& made = impl_->restarts.Add({{"kind", label}});
  known.emplace(label, &made);
  return made;
}

std::string metrics::scrape() const {
  auto families = impl_->registry.Collect();
  for (auto more : {impl_->probes.collect(), collect_process_metrics()})
    families.insert(families.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
  // A family without series yet is a HELP and a TYPE about nothing.
  std::erase_if(families, [](const auto& f) { return f.metric.empty(); });
  return prometheus::TextSerializer{}.Serialize(families);
}

} // namespace eventpulse

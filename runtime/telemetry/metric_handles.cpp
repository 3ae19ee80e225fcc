#include "runtime/telemetry/metric_handles.hpp"

#include "runtime/telemetry/series_pool.hpp"

#include <string_view>

namespace eventpulse {

namespace {

constexpr std::array<std::string_view, 3> severity_labels = {"info", "warning",
                                                             "critical"};
constexpr std::array<std::string_view, 4> outcome_labels = {
    "delivered", "retried", "failed", "refused"};

double difference(size_t to, size_t from) {
  return static_cast<double>(to) - static_cast<double>(from);
}

} // namespace

namespace detail {

std::unique_ptr<rule_series> rule_families::add(const std::string& label) {
  prometheus::Labels rule{{"rule", label}};
  auto s = std::make_unique<rule_series>();
  s->label = label;
  s->evaluations = &evaluations->Add(rule);
  s->matches = &matches->Add(rule);
  s->errors = &errors->Add(rule);
  s->lag = label == label_other ? nullptr : &lag->Add(rule);
  s->groups = &groups->Add(rule);
  for (size_t i = 0; i < severity_labels.size(); ++i)
    s->opened[i] = &opened->Add(
        {{"rule", label}, {"severity", std::string{severity_labels[i]}}});
  return s;
}

void rule_families::drop(rule_series& s) {
  evaluations->Remove(s.evaluations);
  matches->Remove(s.matches);
  errors->Remove(s.errors);
  lag->Remove(s.lag);
  groups->Remove(s.groups);
  for (auto* counter : s.opened)
    opened->Remove(counter);
}

std::unique_ptr<channel_series>
channel_families::add(const std::string& label) {
  auto s = std::make_unique<channel_series>();
  s->label = label;
  for (size_t i = 0; i < outcome_labels.size(); ++i)
    s->outcomes[i] = &deliveries->Add(
        {{"channel", label}, {"outcome", std::string{outcome_labels[i]}}});
  s->circuit_open = &circuit_open->Add({{"channel", label}});
  return s;
}

void channel_families::drop(channel_series& s) {
  for (auto* counter : s.outcomes)
    deliveries->Remove(counter);
  circuit_open->Remove(s.circuit_open);
}

} // namespace detail

// --- rules -------------------------------------------------------------------

rule_metrics::rule_metrics(detail::rule_series_pool* pool,
                           detail::rule_series* series)
    : pool_(pool), series_(series) {}

rule_metrics::rule_metrics(rule_metrics&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      series_(std::exchange(other.series_, nullptr)),
      groups_(std::exchange(other.groups_, 0)) {}

rule_metrics& rule_metrics::operator=(rule_metrics&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::exchange(other.pool_, nullptr);
    series_ = std::exchange(other.series_, nullptr);
    groups_ = std::exchange(other.groups_, 0);
  }
  return *this;
}

rule_metrics::~rule_metrics() {
  release();
}

void rule_metrics::release() noexcept {
  if (!series_)
    return;
  set_groups(0);
  pool_->release(series_);
  series_ = nullptr;
}

void rule_metrics::evaluations(uint64_t count) {
  if (series_)
    series_->evaluations->Increment(static_cast<double>(count));
}

void rule_metrics::matches(uint64_t count) {
  if (series_)
    series_->matches->Increment(static_cast<double>(count));
}

void rule_metrics::errors(uint64_t count) {
  if (series_)
    series_->errors->Increment(static_cast<double>(count));
}

void rule_metrics::alert_opened(severity s) {
  if (series_)
    series_->opened.at(static_cast<size_t>(s))->Increment();
}

void rule_metrics::set_lag(std::chrono::duration<double> lag) {
  if (series_ && series_->lag)
    series_->lag->Set(lag.count());
}

void rule_metrics::set_groups(size_t count) {
  if (series_)
    series_->groups->Increment(difference(count, groups_));
  groups_ = count;
}

// --- channels ----------------------------------------------------------------

channel_metrics::channel_metrics(detail::channel_series_pool* pool,
                                 detail::channel_series* series)
    : pool_(pool), series_(series) {}

channel_metrics::channel_metrics(channel_metrics&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      series_(std::exchange(other.series_, nullptr)),
      circuit_open_(std::exchange(other.circuit_open_, false)) {}

channel_metrics& channel_metrics::operator=(channel_metrics&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::exchange(other.pool_, nullptr);
    series_ = std::exchange(other.series_, nullptr);
    circuit_open_ = std::exchange(other.circuit_open_, false);
  }
  return *this;
}

channel_metrics::~channel_metrics() {
  release();
}

void channel_metrics::release() noexcept {
  if (!series_)
    return;
  set_circuit_open(false);
  pool_->release(series_);
  series_ = nullptr;
}

void channel_metrics::attempt(delivery_outcome outcome) {
  if (series_)
    series_->outcomes.at(static_cast<size_t>(outcome))->Increment();
}

void channel_metrics::set_circuit_open(bool open) {
  if (series_)
    series_->circuit_open->Increment(difference(open, circuit_open_));
  circuit_open_ = open;
}

} // namespace eventpulse

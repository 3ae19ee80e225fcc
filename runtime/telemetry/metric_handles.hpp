#pragma once
// Handles that an actor keeps in its state: on the series of one rule, and of
// one channel. Made by `metrics`, which must outlive them. A handle may be made
// on one thread and used on another, but by one at a time; what it counts into
// is shared and thread-safe.

#include "messages/alert.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace eventpulse {

namespace detail {
class rule_series_pool;
class channel_series_pool;
struct rule_series;
struct channel_series;
} // namespace detail

/// eventpulse_rule_*{rule} and eventpulse_alerts_opened_total{rule,severity}.
class rule_metrics {
public:
  rule_metrics() = default; // counts nothing
  rule_metrics(detail::rule_series_pool* pool, detail::rule_series* series);
  rule_metrics(rule_metrics&& other) noexcept;
  rule_metrics& operator=(rule_metrics&& other) noexcept;
  ~rule_metrics();

  void evaluations(uint64_t count);
  void matches(uint64_t count);
  void errors(uint64_t count);
  void alert_opened(severity s);
  /// How far evaluation is behind; not shown for rules that share "_other",
  /// where one number for many rules would mean nothing.
  void set_lag(std::chrono::duration<double> lag);
  /// Groups now; "_other" shows the sum.
  void set_groups(size_t count);

private:
  void release() noexcept;

  detail::rule_series_pool* pool_ = nullptr;
  detail::rule_series* series_ = nullptr;
  size_t groups_ = 0; // what this handle added to the gauge
};

enum class delivery_outcome : uint8_t {
  delivered, // the receiver took it
  retried,   // this attempt failed, another follows
  failed,    // given up
  refused,   // never sent: forbidden address, disabled channel
};

/// eventpulse_deliveries_total{channel,outcome} and
/// eventpulse_delivery_circuit_open{channel}.
class channel_metrics {
public:
  channel_metrics() = default; // counts nothing
  channel_metrics(detail::channel_series_pool* pool,
                  detail::channel_series* series);
  channel_metrics(channel_metrics&& other) noexcept;
  channel_metrics& operator=(channel_metrics&& other) noexcept;
  ~channel_metrics();

  void attempt(delivery_outcome outcome);
  /// Whether sending is stopped after too many failures; "_other" shows how
  /// many of its channels are.
  void set_circuit_open(bool open);

private:
  void release() noexcept;

  detail::channel_series_pool* pool_ = nullptr;
  detail::channel_series* series_ = nullptr;
  bool circuit_open_ = false; // what this handle added to the gauge
};

} // namespace eventpulse

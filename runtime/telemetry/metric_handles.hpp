#pragma once
// Handles that an actor keeps in its state: on the series of one rule, of one
// channel, and of its own kind of actor. Made by `metrics`, which must outlive
// them. A handle may be made on one thread and used on another, but by one at a
// time; what it counts into is shared and thread-safe.

#include "messages/alert.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

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

/// eventpulse_actor_*{kind}.
struct actor_kind_metrics {
  prometheus::Gauge& mailbox_depth; // summed over the actors of the kind
  prometheus::Counter& messages_total;
  prometheus::Histogram& processing_seconds;
  prometheus::Counter& restarts_total;
  prometheus::Gauge& alive;
};

/// One actor's share of its kind. In every handler:
/// `auto scope = metrics_.handle(self->mailbox().size());`
class actor_metrics {
public:
  class scope {
  public:
    explicit scope(prometheus::Histogram* seconds)
        : seconds_(seconds), since_(std::chrono::steady_clock::now()) {}
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope();

  private:
    prometheus::Histogram* seconds_;
    std::chrono::steady_clock::time_point since_;
  };

  actor_metrics() = default; // counts nothing
  explicit actor_metrics(actor_kind_metrics& kind) : kind_(&kind) {}
  actor_metrics(actor_metrics&& other) noexcept;
  actor_metrics& operator=(actor_metrics&& other) noexcept;
  ~actor_metrics();

  /// Counts one message and, until the scope ends, its time. `queued` is the
  /// actor's own mailbox size, which only its own handler may ask for.
  [[nodiscard]] scope handle(size_t queued);

private:
  void show_depth(size_t depth);

  actor_kind_metrics* kind_ = nullptr;
  size_t depth_ = 0; // what this actor added to mailbox_depth
};

} // namespace eventpulse

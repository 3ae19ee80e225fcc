#pragma once
// Spans of traces, on their way out. A tracer is a cheap value that everybody
// is handed, as a logger is; made of nothing it is off and costs a comparison.
// Recording puts a span into a bounded queue and never waits for anybody: when
// the queue is full the span is dropped and counted. A trace_exporter
// (adapters/outbound) takes them away in batches.
// Only traces whose `traceparent` says sampled are recorded. Thread-safe.

#include "runtime/core/base/trace_stage.hpp"

#include <prometheus/counter.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace eventpulse {

/// By the numbers of OTLP.
enum class span_kind : uint8_t {
  internal = 1,
  server = 2,
  client = 3,
  producer = 4,
  consumer = 5,
};

using span_value = std::variant<std::string, int64_t, bool>;

struct span {
  std::string name;
  span_kind kind = span_kind::internal;
  std::string context;  // its own traceparent
  std::string parent;   // its parent's; empty: it is the first of its trace
  int64_t start_ns = 0; // Unix nanoseconds
  int64_t end_ns = 0;
  std::vector<std::pair<std::string, span_value>> attributes;
  std::string error; // empty: none
};

class span_queue {
public:
  /// `dropped` counts what does not fit; it may be null.
  span_queue(size_t spans_max, prometheus::Counter* dropped)
      : spans_max_(spans_max), dropped_(dropped) {}

  void push(span&& s);
  /// Waits until there are `count_max` spans, or `patience` has passed, or it
  /// is closed; gives what is there, at most `count_max`.
  std::vector<span> take(size_t count_max, std::chrono::milliseconds patience);
  /// Nothing more comes; whoever waits wakes up.
  void close();
  bool is_closed() const;
  /// True: it was closed meanwhile.
  bool wait_closed(std::chrono::milliseconds patience);

private:
  size_t spans_max_;
  prometheus::Counter* dropped_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<span> spans_;
  bool is_closed_ = false;
};

class tracer {
public:
  using clock = std::function<int64_t()>;

  tracer() = default; // off
  /// `now_ns` is for tests; empty: the system's clock.
  explicit tracer(std::shared_ptr<span_queue> queue, clock now_ns = {})
      : queue_(std::move(queue)), now_ns_(std::move(now_ns)) {}

  bool is_on() const noexcept { return queue_ != nullptr; }
  /// Whether spans of this trace are recorded.
  bool wants(std::string_view traceparent) const noexcept {
    return queue_ && trace_stage::is_sampled(traceparent);
  }
  /// Unix nanoseconds; 0 when it is off.
  int64_t now_ns() const;
  /// Of a trace that is wanted; others are ignored.
  void record(span s) const;

private:
  std::shared_ptr<span_queue> queue_;
  clock now_ns_;
};

} // namespace eventpulse

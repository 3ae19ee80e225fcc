#include "runtime/telemetry/trace.hpp"

#include <algorithm>

namespace eventpulse {

void span_queue::push(span&& s) {
  {
    std::lock_guard guard{mutex_};
    if (!is_closed_ && spans_.size() < spans_max_) {
      spans_.push_back(std::move(s));
      // The exporter looks at intervals; it is woken only for a lot.
      if (spans_.size() != spans_max_ / 2)
        return;
    } else {
      if (dropped_)
        dropped_->Increment();
      return;
    }
  }
  changed_.notify_all();
}

std::vector<span> span_queue::take(size_t count_max,
                                   std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  auto enough = std::min(count_max, spans_max_ / 2);
  changed_.wait_for(lock, patience,
                    [&] { return is_closed_ || spans_.size() >= enough; });
  auto count = std::min(count_max, spans_.size());
  auto end = spans_.begin() + static_cast<ptrdiff_t>(count);
  std::vector<span> out{std::make_move_iterator(spans_.begin()),
                        std::make_move_iterator(end)};
  spans_.erase(spans_.begin(), end);
  return out;
}

void span_queue::close() {
  {
    std::lock_guard guard{mutex_};
    is_closed_ = true;
  }
  changed_.notify_all();
}

bool span_queue::is_closed() const {
  std::lock_guard guard{mutex_};
  return is_closed_;
}

bool span_queue::wait_closed(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, patience, [&] { return is_closed_; });
}

int64_t tracer::now_ns() const {
  if (!queue_)
    return 0;
  if (now_ns_)
    return now_ns_();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void tracer::record(span s) const {
  if (wants(s.context))
    queue_->push(std::move(s));
}

} // namespace eventpulse

#pragma once
// An event or a change on its way to followers: rendered, and looked at by
// `where`, at most once for all of them. Pure; used by the book.

#include "runtime/core/live/live_request.hpp"

#include <memory>
#include <string>

namespace eventpulse {

class live_event_item {
public:
  explicit live_event_item(live_event e) : event_(std::move(e)) {}

  const order_key& place() const { return place_; }
  int64_t at_ms() const { return event_.persisted_at_ms; }
  size_t size() const { return event_.what.document.payload.size() + 1024; }
  bool concerns(const live_request& r);
  std::shared_ptr<const std::string> text();
  void move(live_cursor& c) const { c.event = place_; }

private:
  live_event event_;
  order_key place_ = event_.what.key();
  evaluation_batch_ptr view_;
  std::shared_ptr<const std::string> text_;
};

class live_change_item {
public:
  explicit live_change_item(live_change c) : change_(std::move(c)) {}

  const int64_t& place() const { return change_.number; }
  int64_t at_ms() const { return change_.at_ms; }
  size_t size() const { return change_.body.size() + 2048; }
  bool concerns(const live_request& r) const { return r.concerns(change_); }
  std::shared_ptr<const std::string> text();
  void move(live_cursor& c) const { c.change = change_.number; }

private:
  live_change change_;
  std::shared_ptr<const std::string> text_;
};

} // namespace eventpulse

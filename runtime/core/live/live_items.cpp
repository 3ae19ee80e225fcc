#include "runtime/core/live/live_items.hpp"

#include "runtime/core/live/live_text.hpp"

namespace eventpulse {

bool live_event_item::concerns(const live_request& r) {
  if (r.where && !view_)
    view_ = evaluation_batch::make(std::vector<event>{event_.what});
  return r.concerns(event_.what, view_);
}

std::shared_ptr<const std::string> live_event_item::text() {
  if (!text_)
    text_ = std::make_shared<const std::string>(live_text(event_));
  return text_;
}

std::shared_ptr<const std::string> live_change_item::text() {
  if (!text_)
    text_ = std::make_shared<const std::string>(live_text(change_));
  return text_;
}

} // namespace eventpulse

#pragma once
// What a partition hands on after COMMIT and XACK: events and control inputs in
// their order, and how far the partition's clock has come.

#include "messages/event.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse {

/// A control input (publish, delete, mode, resolve by hand …). Its row was
/// committed first; its entry in partition 0 gave it a place in the order.
struct control_input {
  std::string id;   // UUID of the row
  std::string kind; // "rule.published", "rule.deleted"
  std::string body; // JSON object, by kind; see actors/rule_router.hpp
  order_key key;
};

/// A committed piece of one partition. Content duplicates are not in it; an
/// entry read twice at the same position may be, and key > cursor decides.
struct persisted_batch {
  uint32_t partition = 0;
  std::vector<event> events;           // ascending key
  std::vector<control_input> controls; // ascending key
  int64_t clock_ms = 0; // every later event's received_at is at or after this
};

using persisted_batch_ptr = std::shared_ptr<const persisted_batch>;

} // namespace eventpulse

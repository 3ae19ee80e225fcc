#pragma once
// Every value that travels between actors of one process without being
// serialised. CAF 0.17 needs each named, at global scope.

#include "messages/api_key.hpp"
#include "messages/batch.hpp"
#include "messages/delivery.hpp"
#include "messages/http.hpp"
#include "messages/position.hpp"
#include "messages/rule.hpp"
#include "messages/snapshot.hpp"
#include "messages/stream_entry.hpp"
#include "runtime/core/engine/rule_evaluator.hpp"
#include "runtime/core/rules/compile.hpp"
#include "runtime/ports/delivery_store.hpp"
#include "runtime/ports/event_log.hpp"
#include "runtime/ports/event_store.hpp"
#include "runtime/ports/outcome_store.hpp"
#include "runtime/ports/sender.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <memory>
#include <string>
#include <vector>

namespace eventpulse {

/// Immutable once sent, shared between sender and receiver.
template <class T>
using shared = std::shared_ptr<const T>;

template <class T>
shared<T> share(T value) {
  return std::make_shared<const T>(std::move(value));
}

using append_entries = shared<std::vector<append_entry>>;

/// Where an entry stands, and whether it stood there before.
struct append_receipt {
  position where;
  bool duplicate = false;
};
using append_receipts = shared<std::vector<append_receipt>>;
using text_list = shared<std::vector<std::string>>;

/// A read on its way to the table, with the ids to acknowledge afterwards.
using log_read_ptr = shared<log_read>;

/// What became of a read: the batch, and what may be acknowledged.
struct persisted_read {
  persisted_batch_ptr batch;
  std::vector<position> handled;
};
using persisted_read_ptr = shared<persisted_read>;

using history_page_ptr = shared<history_page>;
using partition_state_ptr = shared<partition_state>;
using step_ptr = shared<step>;
using step_outcome_ptr = shared<step_outcome>;
using rule_snapshot_ptr = shared<rule_snapshot>;
using rule_snapshots = shared<std::vector<rule_snapshot>>;
using outcome_commit_ptr = shared<outcome_commit>;

/// What the store remembers of a rule's evaluation.
struct rule_memory {
  rule_snapshot_ptr state; // null: there is none
  std::vector<alert> open; // alerts that are firing
};
using rule_memory_ptr = shared<rule_memory>;

/// How an evaluator starts: its rule, from where its outcomes count, and the
/// state to go on from. Without a state it adopts the open alerts, and its
/// state is made of what comes after `from`.
struct evaluator_start {
  compiled_rule_ptr rule;
  cursor aloud_after;
  order_key from;
  rule_memory_ptr memory; // null: nothing is remembered
};
using evaluator_start_ptr = shared<evaluator_start>;

/// Everything evaluation goes on from after a start.
struct evaluation_state {
  evaluation_start cursors;
  /// As of the global cursor, or of the rule's own where that is later.
  std::vector<rule_version> in_force;
};
using evaluation_state_ptr = shared<evaluation_state>;

using rule_version_ptr = shared<rule_version>;
using due_deliveries = shared<std::vector<due_delivery>>;
using recorded_attempts = shared<std::vector<recorded_attempt>>;
using outbound_answer_ptr = shared<outbound_answer>;

} // namespace eventpulse

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::append_entries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::append_receipts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::text_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::log_read_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::persisted_read_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::persisted_batch_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::history_page_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::partition_state_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::step_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::step_outcome_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::rule_snapshot_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::rule_snapshots)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::outcome_commit_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::rule_memory_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::evaluator_start_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::evaluation_state_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::rule_version_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::compiled_rule_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::due_deliveries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::recorded_attempts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::outbound_answer_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::http_exchange)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::key_set_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::position)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::cursor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(eventpulse::order_key)

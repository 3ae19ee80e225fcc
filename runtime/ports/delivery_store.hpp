#pragma once
// Deliveries, attempts and channels.

#include "messages/audit.hpp"
#include "messages/delivery.hpp"
#include "messages/result.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

struct due_delivery {
  delivery what;
  eventpulse::channel channel;
};

struct recorded_attempt {
  attempt what;
  attempt_verdict verdict;
};

struct delivery_query {
  std::optional<std::string> id, alert, channel, type;
  std::optional<delivery_state> state;
  std::optional<int64_t> from_ms, to_ms; // created_at, [from, to)
  std::optional<std::pair<int64_t, std::string>> before; // (created_at, id)
  size_t limit = 100;
};

struct delivery_story {
  delivery what;
  std::vector<attempt> attempts;
  std::optional<int64_t> next_attempt_at_ms;
};

class delivery_store {
public:
  virtual ~delivery_store() = default;

  /// Takes due deliveries of channels of `kind` (FOR UPDATE SKIP LOCKED) and
  /// leases them to `worker`: those never leased or whose lease has passed,
  /// and whose next attempt is due. Deliveries of a channel that is disabled
  /// or gone are failed with that reason.
  virtual result<std::vector<due_delivery>>
  claim(const std::string& kind, const std::string& worker, size_t limit,
        std::chrono::milliseconds lease) = 0;

  /// The same for named deliveries that this worker's recorder just committed.
  virtual result<std::vector<due_delivery>>
  take(const std::vector<std::string>& ids, const std::string& worker,
       std::chrono::milliseconds lease) = 0;

  /// Writes attempts with what follows from them, in one transaction.
  virtual result<void> record(const std::vector<recorded_attempt>& all) = 0;

  /// Gives leases back, so that the next sweep may take them at once.
  virtual result<void> release(const std::vector<std::string>& ids,
                               const std::string& worker) = 0;

  virtual result<std::vector<delivery_story>>
  query(const delivery_query& q) = 0;

  /// One that no alert asked for: due at once, leased to nobody.
  /// errc::not_found: no such channel; conflict: it is disabled.
  virtual result<void> add_test(const delivery& d, const caller& by) = 0;

  /// Due at once, its schedule beginning anew. errc::conflict: it was
  /// delivered, a worker has it in hand, or its channel is gone or disabled.
  virtual result<void> retry(const std::string& id, const caller& by) = 0;
};

class channel_store {
public:
  virtual ~channel_store() = default;
  /// Secrets are encrypted before they leave the process.
  virtual result<void> put(const channel& c, const caller& by) = 0;
  virtual result<channel> get(const std::string& id) = 0;
  virtual result<std::vector<channel>> list(const std::string& after_id,
                                            size_t limit) = 0;
  /// Reads it, has `edit` change it and writes it, in one transaction; what
  /// `edit` refuses is the answer. `edit` may be called more than once.
  virtual result<channel>
  change(const std::string& id, const std::string& action,
         const std::function<result<void>(channel&)>& edit,
         const caller& by) = 0;
  /// errc::conflict when a rule's newest version names it.
  virtual result<void> remove(const std::string& id, const caller& by) = 0;
};

} // namespace eventpulse

#pragma once
// Where evaluation leaves its effects: alerts, deliveries and cursors in one
// fenced transaction, and snapshots. The lease is "evaluation". What operators
// do to alerts comes in here too, as control rows.

#include "messages/alert.hpp"
#include "messages/dead_letter.hpp"
#include "messages/delivery.hpp"
#include "messages/lease.hpp"
#include "messages/result.hpp"
#include "messages/rule.hpp"
#include "messages/snapshot.hpp"
#include "runtime/core/engine/alert_action.hpp"
#include "runtime/ports/rule_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace eventpulse {

/// Moves only from `expected`; otherwise the whole commit fails as fenced.
struct cursor_move {
  cursor expected;
  cursor next;
};

/// A rule's own cursor. A level rule's is the later of this and the global one;
/// a detached rule's (catching up or parked) is this one alone.
struct rule_cursor {
  std::string rule;
  cursor at;
  bool detached = false;
};

struct outcome_commit {
  lease_token lease;
  std::optional<cursor_move> global;
  std::vector<rule_cursor> rules;          // upserted, after the removals
  std::vector<std::string> rules_removed;  // their cursor and snapshot go
  std::vector<alert_change> changes;       // upserted by alert id, in order
  std::vector<placed_action> acknowledged; // after the changes
  std::vector<delivery> deliveries;  // inserted; an id that exists is kept
  std::vector<rule_status> statuses; // upserted
  std::vector<dead_letter> dead;
  /// Deliveries are born leased to this worker for so long.
  std::string worker;
  int64_t delivery_lease_ms = 60'000;
};

struct evaluation_start {
  cursor global;
  std::vector<rule_cursor> rules;
};

struct alert_query {
  std::optional<std::string> rule, id;
  std::optional<alert_state> state;
  std::optional<eventpulse::severity> severity;
  std::optional<bool> acknowledged;
  std::optional<event_ref> event;        // among those that the alert names
  std::optional<int64_t> from_ms, to_ms; // opened_at, [from, to)
  std::optional<std::pair<int64_t, std::string>> before; // (opened_at, id)
  size_t limit = 100;
};

/// An action's control row, and whether it was made just now.
struct action_taken {
  control_row row;
  bool made = false;
};

class outcome_store {
public:
  virtual ~outcome_store() = default;

  virtual result<void> commit(const outcome_commit& what) = 0;
  virtual result<evaluation_start> load_start() = 0;

  /// One fenced transaction for all of them.
  virtual result<void>
  save_snapshots(const lease_token& lease,
                 const std::vector<rule_snapshot>& all) = 0;
  /// Full; nullopt when there is none.
  virtual result<std::optional<rule_snapshot>>
  load_snapshot(const std::string& rule) = 0;

  /// Newest first.
  virtual result<std::vector<alert>> query(const alert_query& q) = 0;

  /// Commits the control row of an action on an alert, and its audit entry; of
  /// one that was asked for before, that row stands as it is. Not fenced.
  /// errc::not_found: there is no such alert.
  virtual result<action_taken> act(const alert_action& action,
                                   const caller& by) = 0;
};

} // namespace eventpulse

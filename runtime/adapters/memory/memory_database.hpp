#pragma once
// All that the stores keep, in memory: for actor tests and simulation, which
// need PostgreSQL's promises (fences, idempotence, one transaction or none)
// without a server. Several stores share one database, each from its own actor;
// every call holds the mutex for its whole length, so calls are serial as
// transactions of a database at SERIALIZABLE are. Data lives in plain maps, and
// a call that fails has changed nothing. The contract tests hold these stores
// and PostgreSQL's to the same answers.

#include "runtime/ports/audit_store.hpp"
#include "runtime/ports/delivery_store.hpp"
#include "runtime/ports/event_store.hpp"
#include "runtime/ports/key_store.hpp"
#include "runtime/ports/lease_store.hpp"
#include "runtime/ports/live_log.hpp"
#include "runtime/ports/outcome_store.hpp"
#include "runtime/ports/rule_store.hpp"
#include "runtime/ports/system.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::memory {

class database {
public:
  /// `now_ms` is the clock of the server that this stands for.
  explicit database(std::function<int64_t()> now_ms)
      : now_ms_(std::move(now_ms)) {}

  struct held_lease {
    int64_t epoch = 0;
    std::string owner;
    int64_t expires_at_ms = 0;
  };

  struct kept_event {
    event what;
    int64_t persisted_at_ms = 0;
    int64_t accepted_at_ms = 0;
  };

  struct kept_control {
    control_input what;
    int64_t created_at_ms = 0;
    bool placed = false;
  };

  struct kept_version {
    rule_version what;
    std::string control; // its row
    std::vector<std::string> notify;
  };

  struct kept_delivery {
    delivery what;
    int64_t next_attempt_at_ms = 0;
    std::string leased_by;
    int64_t leased_until_ms = 0;
    std::map<std::pair<uint32_t, int64_t>, attempt> attempts;
  };

  /// The tables, as long as it lives. `operation` names the call
  /// ("event_store.persist"), for `fault`.
  class access {
  public:
    access(database& d, std::string_view operation) : lock_(d.mutex_), db_(d) {
      if (d.fault)
        broken = d.fault(operation);
    }
    database* operator->() { return &db_; }

    /// What the test wants this call to fail with.
    std::optional<failure> broken;

  private:
    std::unique_lock<std::mutex> lock_;
    database& db_;
  };

  /// Asked at the start of every call; a failure is the call's answer, and
  /// nothing happened. Set before the stores are used.
  std::function<std::optional<failure>(std::string_view operation)> fault;

  int64_t now() const { return now_ms_(); }
  bool holds(const lease_token& lease) const;
  void keep(const std::vector<dead_letter>& all);
  /// Logs a change for the live feed; the number and the time are given here.
  void log(live_change change);
  /// Part of the change that the same call makes.
  void keep_audit(audit_entry entry);

  /// Copies, for a test to look at.
  std::vector<dead_letter> dead_letters();
  std::vector<control_input> placed_controls();

  std::map<std::string, held_lease> leases;
  std::map<uint32_t, partition_state> partitions;
  std::map<order_key, kept_event> events;
  std::map<position, order_key> event_places;
  /// Source, NUL, id, NUL, partition key: what content duplicates share.
  std::multimap<std::string, position> event_contents;
  std::map<std::string, kept_control> controls;
  std::map<std::string, dead_letter> dead;                // by identity
  std::map<std::string, std::vector<kept_version>> rules; // ascending versions
  std::map<std::string, rule_status> statuses;
  int64_t rule_generation = 0;
  cursor evaluated;
  std::map<std::string, rule_cursor> cursors;
  std::map<std::string, rule_snapshot> snapshots;
  std::map<std::string, alert> alerts;
  std::map<std::string, kept_delivery> deliveries;
  std::map<std::string, channel> channels;
  std::map<std::string, api_key> keys; // by id
  int64_t key_generation = 0;
  std::vector<live_change> changes;
  int64_t change_number = 0; // of the newest, also where it was trimmed
  int64_t changes_trimmed = 0;
  std::vector<audit_record> audit; // ascending ids
  int64_t audit_id = 0;            // of the newest, also where it was removed

private:
  std::mutex mutex_;
  std::function<int64_t()> now_ms_;
};

using database_ptr = std::shared_ptr<database>;

std::unique_ptr<event_store> make_event_store(database_ptr d);
std::unique_ptr<lease_store> make_lease_store(database_ptr d);
std::unique_ptr<rule_store> make_rule_store(database_ptr d);
std::unique_ptr<outcome_store> make_outcome_store(database_ptr d);
std::unique_ptr<delivery_store> make_delivery_store(database_ptr d);
std::unique_ptr<channel_store> make_channel_store(database_ptr d);
std::unique_ptr<key_store> make_key_store(database_ptr d);
std::unique_ptr<live_log> make_live_log(database_ptr d,
                                        uint32_t partitions = 1);
std::unique_ptr<audit_store> make_audit_store(database_ptr d);
std::unique_ptr<system_store> make_system_store(database_ptr d);

/// What PostgreSQL makes of a text that must be kept whatever it holds: NUL
/// and what is no UTF-8 become U+FFFD.
std::string storable_text(std::string_view text);

failure fenced_by(const lease_token& lease);

// What the triggers of PostgreSQL's schema log (memory_live_log.cpp).
void log_alert(database& db, const alert* before, const alert& after);
void log_delivery(database& db, const delivery* before, const delivery& after);
void log_rule_version(database& db, const rule_version& v);
void log_rule_status(database& db, const rule_status* before,
                     const rule_status& after);
void log_lease(database& db, const std::string& name);
void log_channel(database& db, const channel& before, const channel& after);

} // namespace eventpulse::memory

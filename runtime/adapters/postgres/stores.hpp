#pragma once
// The stores on PostgreSQL: options, and one factory a port. Each object holds
// one connection of its own, made at the first call, and belongs to one actor.
// A lost connection is remade on the next call, with back-off; no exception
// leaves an adapter. The schema must be there: see migrations.hpp.

#include "runtime/ports/audit_store.hpp"
#include "runtime/ports/delivery_store.hpp"
#include "runtime/ports/event_store.hpp"
#include "runtime/ports/key_store.hpp"
#include "runtime/ports/lease_store.hpp"
#include "runtime/ports/outcome_store.hpp"
#include "runtime/ports/rule_store.hpp"
#include "runtime/ports/system.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace eventpulse::postgres {

/// The sum of lock, statement and idle time must stay below a lease's: then a
/// stalled transaction ends before its lease does.
struct options {
  /// A libpq connection string, `key=value …` or `postgresql://…`.
  std::string url;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds statement_timeout{5'000};
  std::chrono::milliseconds lock_timeout{2'000};
  std::chrono::milliseconds idle_in_transaction_timeout{5'000};
  /// How long a take-over waits for the old owner's transactions before it ends
  /// their sessions.
  std::chrono::milliseconds takeover_lock_timeout{1'000};
  std::chrono::milliseconds back_off_min{100};
  std::chrono::milliseconds back_off_max{5'000};
  /// 32 bytes that encrypt the secrets of channels; empty: channels with
  /// secrets can be neither written nor read.
  std::string secret_key;
};

std::unique_ptr<event_store> make_event_store(const options& o);
std::unique_ptr<lease_store> make_lease_store(const options& o);
std::unique_ptr<rule_store> make_rule_store(const options& o);
std::unique_ptr<outcome_store> make_outcome_store(const options& o);
std::unique_ptr<delivery_store> make_delivery_store(const options& o);
std::unique_ptr<channel_store> make_channel_store(const options& o);
std::unique_ptr<key_store> make_key_store(const options& o);
std::unique_ptr<audit_store> make_audit_store(const options& o);
std::unique_ptr<system_store> make_system_store(const options& o);

} // namespace eventpulse::postgres

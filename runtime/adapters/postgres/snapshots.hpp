#pragma once
// Snapshots of evaluators: a row a rule and a row a (rule, group), inside the
// transaction of outcome_store.

#include "messages/snapshot.hpp"
#include "runtime/adapters/postgres/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace eventpulse::postgres {

/// A cursor as five parameters, exactly: its unsigned parts keep their bits.
void add_cursor(parameters& p, const cursor& c);
cursor read_cursor(const pqxx::row& row, int first);

/// errc::conflict: what changed since a snapshot that is not there.
result<void> write_snapshot(session& s, const rule_snapshot& snapshot);

std::optional<rule_snapshot> read_snapshot(session& s, const std::string& rule);

void remove_snapshots(session& s, const std::vector<std::string>& rules);

} // namespace eventpulse::postgres

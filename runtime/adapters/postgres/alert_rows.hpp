#pragma once
// Rows of the table alert to alerts and back.

#include "messages/alert.hpp"
#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/core/engine/alert_action.hpp"

#include <vector>

namespace eventpulse::postgres {

/// The columns that read_alert reads, from the first on.
extern const char* const alert_columns;

alert read_alert(const pqxx::row& row);

/// Writes each alert as it is after the last of its changes.
void upsert_alerts(session& s, const std::vector<alert_change>& changes);

/// The first acknowledgement of an alert stands.
void acknowledge_alerts(session& s, const std::vector<placed_action>& all);

} // namespace eventpulse::postgres

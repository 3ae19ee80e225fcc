#pragma once
// Audit entries, written inside the transaction of the change they tell of.

#include "messages/audit.hpp"
#include "runtime/adapters/postgres/connection.hpp"

namespace eventpulse::postgres {

void keep_audit(session& s, const audit_entry& entry);

} // namespace eventpulse::postgres

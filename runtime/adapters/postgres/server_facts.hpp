#pragma once
// What PostgreSQL says of itself, for `eventpulse doctor`. Changes nothing.

#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/core/operate/diagnosis.hpp"

namespace eventpulse::postgres {

/// Of a database without our tables too: what depends on them is empty then.
result<postgres_facts> look_at_server(const options& o);

} // namespace eventpulse::postgres

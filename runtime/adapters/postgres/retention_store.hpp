#pragma once
// Retention on PostgreSQL; the promises are the port's.

#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/ports/retention_store.hpp"

#include <memory>

namespace eventpulse::postgres {

std::unique_ptr<retention_store> make_retention_store(const options& o);

} // namespace eventpulse::postgres

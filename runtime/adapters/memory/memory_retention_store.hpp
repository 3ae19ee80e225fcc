#pragma once
// Retention on the tables in memory; the promises are the port's.

#include "runtime/adapters/memory/memory_database.hpp"
#include "runtime/ports/retention_store.hpp"

#include <memory>

namespace eventpulse::memory {

std::unique_ptr<retention_store> make_retention_store(database_ptr d);

} // namespace eventpulse::memory

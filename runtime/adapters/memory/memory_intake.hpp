#pragma once
// The ports around intake in memory: schemas of event types and their mirror,
// what was refused, and dead letters, those too that others keep in the shared
// database. They keep the promises of PostgreSQL's and Redis's;
// tests/contract holds both to them.

#include "messages/event_type.hpp"
#include "messages/kept_letter.hpp"
#include "runtime/adapters/memory/memory_database.hpp"
#include "runtime/adapters/memory/memory_log.hpp"
#include "runtime/ports/dead_letter_store.hpp"
#include "runtime/ports/event_type_store.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse::memory {

/// What database has no table for. Touched only under the database's lock.
struct intake_tables {
  explicit intake_tables(database_ptr d) : db(std::move(d)) {}

  database_ptr db;
  /// Ascending versions.
  std::map<std::string, std::vector<event_type_schema>> event_types;
  int64_t event_type_generation = 0;
  /// By id: all but what the letter itself is, which stands in the database.
  std::map<std::string, kept_letter> letters;
};
using intake_tables_ptr = std::shared_ptr<intake_tables>;

std::unique_ptr<event_type_store> make_event_type_store(intake_tables_ptr t);
std::unique_ptr<dead_letter_store> make_dead_letter_store(intake_tables_ptr t);
std::unique_ptr<event_type_mirror>
make_event_type_mirror(stream_server_ptr server);
std::unique_ptr<quarantine_log> make_quarantine_log(stream_server_ptr server);

} // namespace eventpulse::memory

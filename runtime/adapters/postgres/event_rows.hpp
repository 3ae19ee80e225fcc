#pragma once
// Rows of the table events to events and back, for event_store and persisting.

#include "messages/event.hpp"
#include "runtime/adapters/postgres/connection.hpp"
#include "runtime/ports/event_store.hpp"

#include <string>
#include <vector>

namespace eventpulse::postgres {

/// The columns that read_event reads, from the first on.
extern const char* const event_columns;

/// How many there are; what a query adds starts at this index.
inline constexpr int event_column_count = 19;

event read_event(const pqxx::row& row);

/// Of the column extensions; "" where it is null.
std::vector<std::pair<std::string, attribute_value>>
read_extensions(const std::string& text);

/// xxh64 of source, NUL, id, NUL, partition key, as the column has it.
int64_t dedup_hash(const event_document& document);

/// An event as it goes into the table.
struct new_event {
  const incoming_event* from = nullptr;
  int64_t received_at_ms = 0;
  int64_t hash = 0;
};

/// Inserts all, in statements of bounded size.
void insert_events(session& s, const std::vector<new_event>& all);

} // namespace eventpulse::postgres

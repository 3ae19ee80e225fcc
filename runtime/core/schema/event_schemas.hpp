#pragma once
// The schemas of all event types, compiled, and the check of an event's data
// against its type's. Shared between the actors of a process; immutable.

#include "messages/event.hpp"
#include "messages/event_type.hpp"
#include "messages/problem.hpp"
#include "runtime/core/intake/cloud_event.hpp"
#include "runtime/core/schema/json_schema.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace eventpulse::schema {

struct typed_schema {
  int64_t version = 0;
  /// Null: what is stored cannot be used by this version of the program.
  compiled_schema_ptr schema;
  std::string fault; // then why
};

struct event_schemas {
  int64_t version = 0; // of the set
  std::unordered_map<std::string, typed_schema> by_type;
};

using event_schemas_ptr = std::shared_ptr<const event_schemas>;

/// What `before` (may be null) holds of the same version is not compiled again.
event_schemas_ptr compile_all(const event_type_set& types,
                              const event_schemas_ptr& before);

/// What is wrong with the event's data; `data_pointer` is where the data
/// stands in the client's text. A type without a schema is free. Data that are
/// not there count as null.
std::optional<problem> check_data(const event_schemas& schemas,
                                  const event_document& document,
                                  std::string_view data_pointer);

/// As intake's parsers take it. The schemas are those of now.
intake::data_check checker_of(event_schemas_ptr schemas);

} // namespace eventpulse::schema

#pragma once
// Keeping dead letters inside whatever transaction found them. They are the
// last resort, so nothing in them may be refused: texts are made storable.

#include "messages/dead_letter.hpp"
#include "runtime/adapters/postgres/connection.hpp"

#include <vector>

namespace eventpulse::postgres {

/// Idempotent: a letter whose identity is kept already changes nothing.
void insert_dead_letters(session& s, const std::vector<dead_letter>& all);

} // namespace eventpulse::postgres

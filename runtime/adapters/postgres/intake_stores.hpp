#pragma once
// The stores around intake on PostgreSQL: schemas of event types, and what was
// refused. As in stores.hpp each object belongs to one actor.

#include "runtime/adapters/postgres/stores.hpp"
#include "runtime/ports/dead_letter_store.hpp"
#include "runtime/ports/event_type_store.hpp"

#include <memory>

namespace eventpulse::postgres {

std::unique_ptr<event_type_store> make_event_type_store(const options& o);
std::unique_ptr<dead_letter_store> make_dead_letter_store(const options& o);

} // namespace eventpulse::postgres

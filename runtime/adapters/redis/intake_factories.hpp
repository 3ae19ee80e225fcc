#pragma once
// The ports around intake on Redis: the mirror of schemas, and the reading side
// of what was refused. As in factories.hpp each object belongs to one actor.

#include "runtime/adapters/redis/options.hpp"
#include "runtime/ports/dead_letter_store.hpp"
#include "runtime/ports/event_type_store.hpp"

#include <memory>

namespace eventpulse::redis {

std::unique_ptr<event_type_mirror> make_event_type_mirror(const options& o);
std::unique_ptr<quarantine_log> make_quarantine_log(const options& o);

} // namespace eventpulse::redis

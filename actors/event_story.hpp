#pragma once
// What became of one event: accepted, persisted, evaluated by which rules,
// named by which alerts, and who was told. Put together from the stores; the
// rules in force at its place are asked again. What the caller's key may not
// read is left out.

#include "actors/control_call.hpp"

#include <boost/json.hpp>

namespace eventpulse {

result<boost::json::object> event_story(const control_call& call,
                                        const stored_event& e);

} // namespace eventpulse

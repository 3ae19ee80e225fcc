#pragma once
// How the API shows deliveries, for every route that does.

#include "messages/delivery.hpp"
#include "runtime/ports/delivery_store.hpp"

#include <boost/json.hpp>

#include <string_view>

namespace eventpulse::routes {

std::string_view name_of(delivery_state s);

boost::json::object delivery_object(const delivery_story& story);

} // namespace eventpulse::routes

#pragma once
// The routes that are not the control actor's: who answers them in a process.
// With actors/control_routes they are all that the API has; schema/openapi
// describes both, and a test holds them to each other.

#include "messages/http.hpp"

#include <span>
#include <string_view>

namespace eventpulse {

enum class route_owner { intake, live, health, document };

struct process_route {
  std::string_view method;
  std::string_view path;
  route_owner owner;
};

std::span<const process_route> process_routes();

/// The route of a request, or null where it is the control actor's. But for
/// intake the path alone decides: the others refuse other methods themselves.
const process_route* find_process_route(const http_request& head);

} // namespace eventpulse

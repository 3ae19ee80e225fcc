#include "runtime/app/process_routes.hpp"

#include <algorithm>
#include <array>

namespace eventpulse {

std::span<const process_route> process_routes() {
  using enum route_owner;
  static constexpr std::array<process_route, 6> all{{
      {"POST", "/v1/events", intake},
      {"GET", "/v1/live", live},
      {"GET", "/healthz", health},
      {"GET", "/readyz", health},
      {"GET", "/metrics", health},
      {"GET", "/openapi.json", document},
  }};
  return all;
}

const process_route* find_process_route(const http_request& head) {
  const auto all = process_routes();
  const auto found = std::find_if(all.begin(), all.end(), [&](auto& r) {
    return r.path == head.path &&
           (r.owner != route_owner::intake || r.method == head.method);
  });
  return found == all.end() ? nullptr : &*found;
}

} // namespace eventpulse

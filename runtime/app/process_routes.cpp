#include "runtime/app/process_routes.hpp"

#include "runtime/core/intake/request_target.hpp"

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

namespace {

/// The same resource may be written with escapes and a slash at its end.
std::string plain(const std::string& path) {
  if (path.find('%') == path.npos && !path.ends_with('/'))
    return path;
  std::string out;
  if (auto segments = intake::split_path(path))
    for (auto& segment : *segments)
      if (!segment.empty())
        out += '/' + segment;
  return out;
}

} // namespace

const process_route* find_process_route(const http_request& head) {
  const auto all = process_routes();
  const auto path = plain(head.path);
  const auto found = std::find_if(all.begin(), all.end(), [&](auto& r) {
    return r.path == path &&
           (r.owner != route_owner::intake || r.method == head.method);
  });
  return found == all.end() ? nullptr : &*found;
}

} // namespace eventpulse

#pragma once
// Is it answering? Small blocking probes over raw sockets, so that whoever
// waits for a server needs no driver. Never longer than `limit`.

#include <chrono>
#include <cstdint>
#include <string>

namespace eventpulse {

/// Whether the Redis at this unix socket answers PING with PONG; not while it
/// loads its data.
bool redis_answers(const std::string& socket_path,
                   std::chrono::milliseconds limit);

/// Whether GET `path` at a numeric address is answered 200. With an empty path:
/// whether it takes connections.
bool http_answers(const std::string& address, uint16_t port,
                  const std::string& path, std::chrono::milliseconds limit);

/// A reason why nobody can listen there ("address already in use"), or empty.
/// With port 0 it is set to one that was free just now.
std::string why_not_listen(const std::string& address, uint16_t& port);

} // namespace eventpulse

#pragma once
// A Redis URL taken apart. app/ calls parse_endpoint to refuse a wrong setting
// at start; connection calls it for itself.

#include "messages/result.hpp"
#include "runtime/adapters/redis/options.hpp"

#include <cstdint>
#include <string>

namespace eventpulse::redis {

struct endpoint {
  std::string socket_path; // not empty: a unix socket, no host
  std::string host;
  uint16_t port = 6379;
  uint32_t database = 0;
  std::string username;
  std::string password;
  bool encrypted = false;
  std::string ca_file;   // empty: the system's authorities
  std::string cert_file; // with key_file: shown to the server
  std::string key_file;
};

/// errc::invalid with what is wrong; the detail never holds the password.
result<endpoint> parse_endpoint(const options& o);

/// For messages: the URL without user, password and query.
std::string to_string(const endpoint& e);

} // namespace eventpulse::redis

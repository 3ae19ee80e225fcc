#pragma once
// The URL of a client request, taken apart: http and https, no userinfo, no
// fragment. Pure.

#include "messages/result.hpp"

#include <string>
#include <string_view>

namespace eventpulse::http {

struct client_url {
  bool encrypted = false;
  std::string authority; // for Host
  std::string host;      // for the resolver, without brackets
  std::string port;
  std::string target; // path and query

  /// Whether one connection serves both.
  bool same_server(const client_url& other) const {
    return encrypted == other.encrypted && host == other.host &&
           port == other.port;
  }
};

result<client_url> read_url(std::string_view url);

} // namespace eventpulse::http

#pragma once
// The command line's way to a running EventPulse: its HTTP API, with the
// address and the key from flags, the environment, or the data directory of an
// `eventpulse up` on this machine.

#include "messages/result.hpp"
#include "runtime/adapters/http/client.hpp"
#include "runtime/adapters/http/web_socket_client.hpp"
#include "runtime/app/command_line.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace eventpulse {

/// --url, --key-file and --data; every command that talks to a server has them.
std::vector<flag_spec> api_flags();

/// An answer that is no success, with the sentences of its problem details.
failure failure_of(unsigned status, const std::string& body);

/// `unavailable` where the same command may succeed later, else `failed`.
int exit_code_of(errc code);

class api_client {
public:
  /// Where to and as whom. EVENTPULSE_URL and EVENTPULSE_KEY stand between the
  /// flags and the data directory.
  static result<api_client> of(const arguments& given);

  /// The answer's JSON (null where there is none). An answer that is no success
  /// becomes a failure with the problem's sentences.
  result<boost::json::value> call(const std::string& method,
                                  const std::string& path,
                                  const std::string& body = {},
                                  const std::string& content_type = {});

  /// One request and whatever the answer is.
  result<http::client_response> exchange(const std::string& method,
                                         const std::string& path,
                                         const http_headers& headers,
                                         const std::string& body);

  /// Opens a WebSocket. An answer that is none becomes a failure, as above.
  result<void> follow(http::web_socket_client& socket, const std::string& path);

private:
  api_client(std::string url, std::string key)
      : url_(std::move(url)), key_(std::move(key)) {}

  http::client_request request(const std::string& method,
                               const std::string& path,
                               const std::string& content_type) const;
  static result<boost::json::value>
  read(const result<http::client_response>& answer);

  std::string url_;
  std::string key_;
  http::client http_;
};

} // namespace eventpulse

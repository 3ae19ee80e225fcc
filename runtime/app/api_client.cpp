#include "runtime/app/api_client.hpp"

#include "runtime/app/local_servers.hpp"

#include <cstdlib>
#include <fstream>

namespace eventpulse {

namespace json = boost::json;

namespace {

std::string environment(const char* name) {
  auto* value = std::getenv(name);
  return value ? value : "";
}

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// Problem details (RFC 9457) as sentences.
std::string sentences(const std::string& body, unsigned status) {
  boost::system::error_code wrong;
  auto parsed = json::parse(body, wrong);
  auto* problem = wrong ? nullptr : parsed.if_object();
  if (!problem)
    return "the server answered " + std::to_string(status);
  auto text = [&](const json::object& o, const char* name) {
    auto* found = o.if_contains(name);
    return found && found->is_string() ? std::string(found->as_string())
                                       : std::string{};
  };
  auto out = text(*problem, "title");
  if (auto detail = text(*problem, "detail"); !detail.empty())
    out += (out.empty() ? "" : ": ") + detail;
  auto* errors = problem->if_contains("errors");
  if (errors && errors->is_array())
    for (auto& e : errors->as_array())
      if (e.is_object())
        out += "\n  " + text(e.as_object(), "pointer") + ": " +
               text(e.as_object(), "detail");
  return out + " (" + std::to_string(status) + ")";
}

errc code_of(unsigned status) {
  switch (status) {
  case 401:
    return errc::unauthenticated;
  case 403:
    return errc::forbidden;
  case 404:
    return errc::not_found;
  case 409:
    return errc::conflict;
  case 400:
    return errc::malformed;
  case 413:
    return errc::too_large;
  case 415:
    return errc::unsupported;
  case 422:
    return errc::invalid;
  case 429:
    return errc::rate_limited;
  case 408:
    return errc::timed_out;
  case 502:
  case 503:
  case 504:
    return errc::unavailable;
  default:
    return errc::internal;
  }
}

} // namespace

failure failure_of(unsigned status, const std::string& body) {
  return {code_of(status), sentences(body, status)};
}

int exit_code_of(errc code) {
  return retryable(code) ? exit_code::unavailable : exit_code::failed;
}

std::vector<flag_spec> api_flags() {
  return {{"url", "URL",
           "Where EventPulse listens (default: $EVENTPULSE_URL, else the "
           "address in --data, else http://127.0.0.1:8080).",
           "", false, ""},
          {"key-file", "FILE",
           "A file whose first line is the API key (default: $EVENTPULSE_KEY, "
           "else the admin key in --data).",
           "", false, ""},
          {"data", "DIR",
           "The data directory of `eventpulse up`, for its address and admin "
           "key.",
           "./.eventpulse", false, ""}};
}

result<api_client> api_client::of(const arguments& given) {
  auto url = given.get("url");
  if (url.empty())
    url = environment("EVENTPULSE_URL");
  if (url.empty())
    url = first_line(given.get("data") + "/address");
  if (url.empty())
    url = "http://127.0.0.1:8080";
  while (url.ends_with('/'))
    url.pop_back();
  std::string key;
  if (given.has("key-file"))
    key = first_line(given.get("key-file"));
  if (key.empty())
    key = environment("EVENTPULSE_KEY");
  if (key.empty())
    key = first_line(given.get("data") + "/admin_key");
  if (key.empty() && is_denied(given.get("data") + "/admin_key"))
    return denied(given.get("data"));
  if (key.empty())
    return failure{errc::unauthenticated,
                   "no API key: set EVENTPULSE_KEY, give --key-file FILE, or "
                   "--data DIR of an `eventpulse up` on this machine"};
  return api_client(std::move(url), std::move(key));
}

http::client_request
api_client::request(const std::string& method, const std::string& path,
                    const std::string& content_type) const {
  http::client_request out;
  out.method = method;
  out.url = url_ + path;
  out.headers.emplace_back("Authorization", "Bearer " + key_);
  if (!content_type.empty())
    out.headers.emplace_back("Content-Type", content_type);
  return out;
}

result<json::value>
api_client::read(const result<http::client_response>& answer) {
  if (!answer)
    return answer.error();
  if (answer->status < 200 || answer->status >= 300)
    return failure_of(answer->status, answer->body);
  if (answer->body.empty())
    return json::value{};
  boost::system::error_code wrong;
  auto parsed = json::parse(answer->body, wrong);
  if (wrong)
    return failure{errc::internal, "the server's answer is not JSON"};
  return parsed;
}

result<json::value> api_client::call(const std::string& method,
                                     const std::string& path,
                                     const std::string& body,
                                     const std::string& content_type) {
  auto what = request(method, path, content_type);
  what.body = body;
  return read(http_.request(what));
}

result<http::client_response> api_client::exchange(const std::string& method,
                                                   const std::string& path,
                                                   const http_headers& headers,
                                                   const std::string& body) {
  auto what = request(method, path, {});
  what.headers.insert(what.headers.end(), headers.begin(), headers.end());
  what.body = body;
  return http_.request(what);
}

result<void> api_client::follow(http::web_socket_client& socket,
                                const std::string& path) {
  auto answer = socket.open(url_ + path, {{"Authorization", "Bearer " + key_}});
  if (!answer)
    return answer.error();
  if (!*answer)
    return {};
  auto refused = read(std::move(**answer));
  return refused
             ? failure{errc::internal, "the server does not speak WebSocket"}
             : refused.error();
}

} // namespace eventpulse

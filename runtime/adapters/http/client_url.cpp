#include "runtime/adapters/http/client_url.hpp"

#include "runtime/adapters/http/request_target.hpp"
#include "runtime/adapters/http/syntax.hpp"

namespace eventpulse::http {

namespace {

failure wrong_url(std::string_view url, std::string_view why) {
  return {errc::invalid,
          "the URL '" + std::string{url} + "' " + std::string{why}};
}

void split_port(client_url& out) {
  std::string_view host = out.authority;
  const size_t bracket = host.find(']');
  const size_t colon =
      host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    out.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (out.port.empty())
    out.port = out.encrypted ? "443" : "80";
  if (!host.empty() && host.front() == '[')
    host = host.substr(1, host.size() - 2);
  out.host = host;
}

} // namespace

result<client_url> read_url(std::string_view url) {
  client_url out;
  const size_t mark = url.find("://");
  const auto scheme =
      mark == std::string_view::npos ? std::string_view{} : url.substr(0, mark);
  out.encrypted = same_token(scheme, "https");
  if (!out.encrypted && !same_token(scheme, "http"))
    return wrong_url(url, "does not begin with http:// or https://");
  auto target = read_target("GET", url);
  if (auto* wrong = std::get_if<violation>(&target))
    return wrong_url(url, "is not valid: " + wrong->detail);
  const auto& read = std::get<request_target>(target);
  out.authority = read.authority.value_or("");
  out.target = read.path;
  if (!read.query.empty())
    out.target += '?' + read.query;
  split_port(out);
  if (out.host.empty())
    return wrong_url(url, "names no host");
  return out;
}

} // namespace eventpulse::http

#include "runtime/adapters/redis/endpoint.hpp"

#include <charconv>
#include <optional>
#include <string_view>

namespace eventpulse::redis {

namespace {

failure wrong(std::string what) {
  return {errc::invalid, "Redis URL: " + std::move(what)};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size())
      return std::nullopt;
    int high = hex_digit(text[i + 1]);
    int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0)
      return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() &&
         !text.empty();
}

/// The part of `text` before `mark`, which is cut off with the mark.
std::string_view cut_before(std::string_view& text, char mark) {
  auto at = text.find(mark);
  auto part = text.substr(0, at);
  text =
      at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return part;
}

result<void> take_query(std::string_view query, endpoint& out) {
  while (!query.empty()) {
    auto item = cut_before(query, '&');
    auto name = cut_before(item, '=');
    auto value = percent_decoded(item);
    if (!value)
      return wrong("bad percent-encoding in '" + std::string{name} + "'");
    if (name == "db") {
      if (!parse_number(*value, out.database))
        return wrong("'db' is not a number");
    } else if (name == "ca_file") {
      out.ca_file = *value;
    } else if (name == "cert_file") {
      out.cert_file = *value;
    } else if (name == "key_file") {
      out.key_file = *value;
    } else {
      return wrong("unknown parameter '" + std::string{name} + "'");
    }
  }
  if (out.cert_file.empty() != out.key_file.empty())
    return wrong("'cert_file' and 'key_file' go together");
  return {};
}

result<void> take_user(std::string_view user_info, endpoint& out) {
  auto user = percent_decoded(cut_before(user_info, ':'));
  auto password = percent_decoded(user_info);
  if (!user || !password)
    return wrong("bad percent-encoding in user or password");
  out.username = *user;
  out.password = *password;
  return {};
}

result<void> take_host(std::string_view authority, endpoint& out) {
  std::string_view port;
  if (authority.starts_with('[')) { // RFC 3986: an IPv6 literal
    authority.remove_prefix(1);
    if (authority.find(']') == std::string_view::npos)
      return wrong("']' is missing after the address");
    out.host = cut_before(authority, ']');
    if (!authority.empty() && !authority.starts_with(':'))
      return wrong("a port must follow ']'");
    port = authority.empty() ? authority : authority.substr(1);
  } else {
    out.host = cut_before(authority, ':');
    port = authority;
  }
  if (out.host.empty())
    return wrong("the host is missing");
  if (!port.empty() && (!parse_number(port, out.port) || out.port == 0))
    return wrong("the port is not a number from 1 to 65535");
  return {};
}

result<void> take_address(std::string_view rest, endpoint& out) {
  auto authority = cut_before(rest, '/');
  if (auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (auto taken = take_user(authority.substr(0, at), out); !taken)
      return taken;
    authority.remove_prefix(at + 1);
  }
  if (!rest.empty() && !parse_number(rest, out.database))
    return wrong("the database after '/' is not a number");
  return take_host(authority, out);
}

} // namespace

result<endpoint> parse_endpoint(const options& o) {
  endpoint out;
  std::string_view rest = o.url;
  auto query_at = rest.find('?');
  std::string_view query;
  if (query_at != std::string_view::npos) {
    query = rest.substr(query_at + 1);
    rest = rest.substr(0, query_at);
  }
  if (rest.starts_with("unix://")) {
    out.socket_path = rest.substr(7);
    if (!out.socket_path.starts_with('/'))
      return wrong("a unix socket needs an absolute path");
  } else if (rest.starts_with("redis://") || rest.starts_with("rediss://")) {
    out.encrypted = rest.starts_with("rediss://");
    if (auto taken = take_address(rest.substr(rest.find("//") + 2), out);
        !taken)
      return taken.error();
  } else {
    return wrong("must begin with unix://, redis:// or rediss://");
  }
  if (auto taken = take_query(query, out); !taken)
    return taken.error();
  if (!o.username.empty())
    out.username = o.username;
  if (!o.password.empty())
    out.password = o.password;
  if (!out.username.empty() && out.password.empty())
    return wrong("a user without a password");
  return out;
}

std::string to_string(const endpoint& e) {
  if (!e.socket_path.empty())
    return "unix://" + e.socket_path;
  return (e.encrypted ? "rediss://" : "redis://") + e.host + ':' +
         std::to_string(e.port);
}

} // namespace eventpulse::redis

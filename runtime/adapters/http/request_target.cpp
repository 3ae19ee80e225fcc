#include "runtime/adapters/http/request_target.hpp"

#include "runtime/adapters/http/syntax.hpp"

#include <algorithm>

namespace eventpulse::http {

namespace {

bool is_path_char(unsigned char c) {
  return is_unreserved(c) || is_sub_delim(c) || c == ':' || c == '@' ||
         c == '/';
}

bool is_query_char(unsigned char c) {
  return is_path_char(c) || c == '?';
}

/// Checks every character and that each '%' begins a whole escape.
template <class Allowed>
std::optional<violation> check(std::string_view text, Allowed allowed) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '%') {
      if (i + 2 >= text.size() ||
          !is_hex_digit(static_cast<unsigned char>(text[i + 1])) ||
          !is_hex_digit(static_cast<unsigned char>(text[i + 2])))
        return violation{400, "the request target has a '%' that is not "
                              "followed by two hexadecimal digits"};
      i += 2;
    } else if (!allowed(c)) {
      return violation{400, octet_name(c) + " is not allowed in a request "
                                            "target; percent-encode it"};
    }
  }
  return std::nullopt;
}

std::variant<request_target, violation> read_path(std::string_view text) {
  request_target out;
  const size_t mark = std::min(text.find('?'), text.size());
  const auto path = text.substr(0, mark);
  const auto query = text.substr(std::min(mark + 1, text.size()));
  if (auto wrong = check(path, is_path_char))
    return *wrong;
  if (auto wrong = check(query, is_query_char))
    return *wrong;
  out.path = path;
  out.query = query;
  return out;
}

/// http-URI and https-URI without userinfo, which RFC 9110 section 4.2.4 says
/// to treat as an error: it is used to obscure where a URI leads.
std::variant<request_target, violation> read_absolute(std::string_view method,
                                                      std::string_view rest) {
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const auto authority = rest.substr(0, end);
  if (authority.empty() || authority.front() == ':' || !is_host(authority))
    return violation{400, "the host in the request target is not valid"};
  auto out = read_path(rest.substr(end));
  if (auto* target = std::get_if<request_target>(&out)) {
    target->authority = std::string{authority};
    if (target->path.empty())
      target->path = method == "OPTIONS" && target->query.empty() ? "*" : "/";
  }
  return out;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view front) {
  return text.size() >= front.size() &&
         same_token(text.substr(0, front.size()), front);
}

bool is_ip_literal(std::string_view text) {
  return text.size() > 2 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return is_unreserved(c) || is_sub_delim(c) || c == ':';
         });
}

bool is_reg_name(std::string_view text) {
  return !check(text, [](unsigned char c) {
            return is_unreserved(c) || is_sub_delim(c);
          }).has_value();
}

} // namespace

bool is_host(std::string_view value) noexcept {
  std::string_view host = value;
  std::string_view port;
  if (!value.empty() && value.front() == '[') {
    const size_t end = value.find(']');
    if (end == std::string_view::npos ||
        !is_ip_literal(value.substr(1, end - 1)))
      return false;
    port = value.substr(end + 1);
    host = {};
  } else if (const size_t colon = value.find(':');
             colon != std::string_view::npos) {
    host = value.substr(0, colon);
    port = value.substr(colon);
  }
  if (!port.empty() && (port.front() != ':' ||
                        !std::all_of(port.begin() + 1, port.end(), is_digit)))
    return false;
  return is_reg_name(host);
}

std::variant<request_target, violation> read_target(std::string_view method,
                                                    std::string_view target) {
  if (method == "CONNECT") {
    if (target.find(':') == std::string_view::npos || !is_host(target))
      return violation{400, "CONNECT needs host:port"};
    request_target out;
    out.path = target;
    return out;
  }
  if (target == "*" && method == "OPTIONS") {
    request_target out;
    out.path = "*";
    return out;
  }
  if (!target.empty() && target.front() == '/')
    return read_path(target);
  for (std::string_view scheme : {"http://", "https://"})
    if (starts_with_ignoring_case(target, scheme))
      return read_absolute(method, target.substr(scheme.size()));
  return violation{400, "the request target must be a path or an http URI"};
}

} // namespace eventpulse::http

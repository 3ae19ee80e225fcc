#include "runtime/adapters/http/request_head.hpp"

#include "runtime/adapters/http/request_framing.hpp"
#include "runtime/adapters/http/request_target.hpp"
#include "runtime/adapters/http/syntax.hpp"

namespace eventpulse::http {

namespace {

/// "HTTP/1.1" to its minor version, or what is wrong with it.
std::variant<unsigned, violation> read_version(std::string_view text) {
  if (text.size() != 8 || text.substr(0, 5) != "HTTP/" || text[6] != '.' ||
      !is_digit(static_cast<unsigned char>(text[5])) ||
      !is_digit(static_cast<unsigned char>(text[7])))
    return violation{400, "the request line does not end in an HTTP version"};
  if (text[5] != '1')
    return violation{505, "this server speaks HTTP/1.1"};
  return static_cast<unsigned>(text[7] - '0');
}

void replace_host(http_headers& headers, const std::string& authority) {
  for (auto& [name, value] : headers) {
    if (same_token(name, "Host")) {
      value = authority;
      return;
    }
  }
  headers.emplace_back("Host", authority);
}

/// A higher minor version is answered as 1.1 (RFC 9110 section 2.5).
unsigned known_minor(unsigned minor) {
  return minor == 0 ? 0 : 1;
}

} // namespace

std::variant<std::pair<std::string, std::string>, violation>
read_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t')
    return violation{400, "a folded or indented field line"};
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos)
    return violation{400, "a field line without a colon"};
  const auto name = line.substr(0, colon);
  if (!is_token(name))
    return violation{400, "a field name that is not a token"};
  const auto value = trim(line.substr(colon + 1));
  if (!is_field_value(value))
    return violation{400, "a control character in a field value"};
  return std::pair{std::string{name}, std::string{value}};
}

size_t head_reader::consume(std::string_view input) {
  size_t used = 0;
  while (state_ == state::more && used < input.size()) {
    used += line_.consume(input.substr(used), limits_.bytes_max - bytes_);
    switch (line_.now()) {
    case line_reader::state::more:
      break;
    case line_reader::state::refused:
      refuse(400, line_.refusal());
      break;
    case line_reader::state::too_long:
      if (line_seen_)
        refuse(431, "the header section is over " +
                        std::to_string(limits_.bytes_max) + " bytes");
      else
        refuse(414, "the request line is over " +
                        std::to_string(limits_.bytes_max) + " bytes");
      break;
    case line_reader::state::line:
      bytes_ += line_.size() + 1;
      on_line(line_.line());
      line_.next();
      break;
    }
  }
  return used;
}

void head_reader::on_line(std::string_view line) {
  if (!line.empty() && !line_seen_)
    on_request_line(line);
  else if (!line.empty())
    on_field(line);
  else if (line_seen_) // Before it, empty lines are skipped (section 2.2).
    on_end();
}

void head_reader::on_request_line(std::string_view line) {
  line_seen_ = true;
  const size_t first = line.find(' ');
  const size_t second =
      first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos ||
      line.find_first_of(" \t", second + 1) != std::string_view::npos)
    return refuse(400, "the request line is not method, target and version "
                       "with one space between them");
  const auto method = line.substr(0, first);
  if (!is_token(method))
    return refuse(400, "the method is not a token");
  auto version = read_version(line.substr(second + 1));
  if (auto* wrong = std::get_if<violation>(&version))
    return refuse(wrong->status, wrong->detail);
  auto target = read_target(method, line.substr(first + 1, second - first - 1));
  if (auto* wrong = std::get_if<violation>(&target))
    return refuse(wrong->status, wrong->detail);
  auto& read = std::get<request_target>(target);
  head_.minor = known_minor(std::get<unsigned>(version));
  head_.request.method = method;
  head_.request.path = std::move(read.path);
  head_.request.query = std::move(read.query);
  authority_ = std::move(read.authority);
}

void head_reader::on_field(std::string_view line) {
  auto field = read_field(line);
  if (auto* wrong = std::get_if<violation>(&field))
    return refuse(wrong->status, wrong->detail);
  auto& headers = head_.request.headers;
  if (headers.size() >= limits_.fields_max)
    return refuse(431, "there are more than " +
                           std::to_string(limits_.fields_max) + " fields");
  headers.push_back(std::move(std::get<0>(field)));
}

void head_reader::on_end() {
  if (auto wrong = decide_framing(head_))
    return refuse(wrong->status, wrong->detail);
  if (authority_)
    replace_host(head_.request.headers, *authority_);
  state_ = state::done;
}

void head_reader::refuse(unsigned status, std::string detail) {
  state_ = state::refused;
  refusal_ = {status, std::move(detail)};
}

} // namespace eventpulse::http

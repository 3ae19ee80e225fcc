#include "runtime/adapters/http/request_framing.hpp"

#include "runtime/adapters/http/request_target.hpp"
#include "runtime/adapters/http/syntax.hpp"

#include <algorithm>
#include <limits>

namespace eventpulse::http {

namespace {

std::vector<std::string_view> values_of(const request_head& head,
                                        std::string_view name) {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : head.request.headers)
    if (same_token(key, name))
      out.push_back(value);
  return out;
}

std::vector<std::string_view> elements_of(const request_head& head,
                                          std::string_view name) {
  std::vector<std::string_view> out;
  for (auto value : values_of(head, name))
    for (auto element : list_elements(value))
      out.push_back(element);
  return out;
}

std::optional<violation> check_host(const request_head& head) {
  const auto hosts = values_of(head, "Host");
  if (hosts.size() > 1)
    return violation{400, "more than one Host field"};
  if (hosts.empty() && head.minor > 0)
    return violation{400, "HTTP/1.1 needs a Host field"};
  if (!hosts.empty() && !is_host(hosts.front()))
    return violation{400, "the Host field is not valid"};
  return std::nullopt;
}

/// 1*DIGIT to a number; larger than uint64_t becomes its maximum, which is over
/// every limit.
std::optional<uint64_t> read_length(std::string_view text) {
  constexpr auto max = std::numeric_limits<uint64_t>::max();
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit))
    return std::nullopt;
  uint64_t out = 0;
  for (char c : text) {
    const auto digit = static_cast<uint64_t>(c - '0');
    if (out > (max - digit) / 10)
      return max;
    out = out * 10 + digit;
  }
  return out;
}

std::optional<violation> read_codings(request_head& head) {
  if (head.minor == 0)
    return violation{400, "HTTP/1.0 has no Transfer-Encoding"};
  const auto codings = elements_of(head, "Transfer-Encoding");
  if (codings.empty() || !same_token(codings.back(), "chunked"))
    return violation{400, "the last transfer coding of a request must be "
                          "chunked"};
  if (codings.size() == 1) {
    head.framing = body_framing::chunked;
    return std::nullopt;
  }
  for (size_t i = 0; i + 1 < codings.size(); ++i)
    if (same_token(codings[i], "chunked"))
      return violation{400, "chunked is applied twice"};
  return violation{501, "the only transfer coding known here is chunked"};
}

std::optional<violation> read_framing(request_head& head) {
  const auto lengths = values_of(head, "Content-Length");
  const bool encoded = !values_of(head, "Transfer-Encoding").empty();
  if (encoded && !lengths.empty())
    return violation{400, "both Transfer-Encoding and Content-Length"};
  if (encoded)
    return read_codings(head);
  if (lengths.size() > 1)
    return violation{400, "more than one Content-Length field"};
  if (lengths.empty())
    return std::nullopt;
  const auto length = read_length(lengths.front());
  if (!length)
    return violation{400, "Content-Length is not a number"};
  head.length = *length;
  head.framing = *length > 0 ? body_framing::length : body_framing::none;
  return std::nullopt;
}

std::optional<violation> read_expectation(request_head& head) {
  for (auto element : elements_of(head, "Expect")) {
    if (!same_token(element, "100-continue"))
      return violation{417, "the only expectation known here is 100-continue"};
    // HTTP/1.0 knows no 1xx answers; the expectation is ignored there.
    if (head.minor > 0 && head.framing != body_framing::none)
      head.expect = expectation::go_on;
  }
  return std::nullopt;
}

bool stays_open(const request_head& head) {
  bool keep = false;
  for (auto element : elements_of(head, "Connection")) {
    if (same_token(element, "close"))
      return false;
    keep = keep || same_token(element, "keep-alive");
  }
  return keep || head.minor > 0;
}

} // namespace

std::optional<violation> decide_framing(request_head& head) {
  if (auto wrong = check_host(head))
    return wrong;
  if (auto wrong = read_framing(head))
    return wrong;
  head.keep_alive = stays_open(head);
  return read_expectation(head);
}

} // namespace eventpulse::http

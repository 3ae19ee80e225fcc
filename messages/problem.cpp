#include "messages/problem.hpp"

#include <cstdint>

namespace eventpulse {

namespace {

constexpr std::string_view type_prefix = "https://eventpulse.dev/problems/";
constexpr std::string_view retry_after_seconds = "1";

/// The length of the well-formed UTF-8 sequence at the front (RFC 3629: no
/// overlong forms, no surrogates, nothing above U+10FFFF), or 0.
size_t utf8_sequence(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  auto tail = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const uint8_t lead = byte(0);
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const uint8_t low = lead == 0xE0 ? 0xA0 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const uint8_t low = lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, unsigned char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    break;
  }
  if (c >= 0x20) {
    out += static_cast<char>(c);
    return;
  }
  out += "\\u00";
  out += digits[c >> 4];
  out += digits[c & 15];
}

/// A JSON string. Details quote what clients sent, so bytes that are not UTF-8
/// become U+FFFD instead of an answer nobody can parse.
void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = utf8_sequence(text);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else if (length == 1)
      append_escaped(out, static_cast<unsigned char>(text[0]));
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void append_errors(std::string& out, const std::vector<problem_item>& errors) {
  out += ",\"errors\":[";
  bool first = true;
  for (const auto& item : errors) {
    out += first ? "{\"pointer\":" : ",{\"pointer\":";
    first = false;
    append_string(out, item.pointer);
    out += ",\"detail\":";
    append_string(out, item.detail);
    out += '}';
  }
  out += ']';
}

http_response answer(const problem_type& type, std::string body) {
  http_response out;
  out.status = type.status;
  out.content_type = "application/problem+json";
  out.body = std::move(body);
  if (type.status == 401) // RFC 9110 section 15.5.2 demands the challenge.
    out.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (type.status == 429 || type.status == 503)
    out.headers.emplace_back("Retry-After", retry_after_seconds);
  return out;
}

unsigned status_of(errc code) noexcept {
  switch (code) {
  case errc::malformed:
    return 400;
  case errc::invalid:
    return 422;
  case errc::too_large:
    return 413;
  case errc::unsupported:
    return 415;
  case errc::unauthenticated:
    return 401;
  case errc::forbidden:
    return 403;
  case errc::not_found:
    return 404;
  case errc::conflict:
    return 409;
  case errc::rate_limited:
    return 429;
  case errc::unavailable:
    return 503;
  case errc::overloaded:
    return 503;
  case errc::outcome_unknown:
    return 503;
  case errc::timed_out:
    return 504;
  case errc::fenced:
    return 503;
  case errc::rejected:
    return 422;
  case errc::corrupt:
    return 500;
  case errc::shutting_down:
    return 503;
  case errc::internal:
    return 500;
  }
  return 500;
}

} // namespace

problem_type type_of(errc code) noexcept {
  // The API names this one type with a hyphen, as clients act on it.
  const auto name =
      code == errc::outcome_unknown ? "outcome-unknown" : reason(code);
  return {status_of(code), name, describe(code)};
}

std::string problem_json(const problem_type& type, std::string_view detail,
                         const std::vector<problem_item>& errors) {
  std::string out = "{\"type\":\"";
  out += type_prefix;
  out += type.name;
  out += "\",\"title\":";
  append_string(out, type.title);
  out += ",\"status\":" + std::to_string(type.status);
  if (!detail.empty()) {
    out += ",\"detail\":";
    append_string(out, detail);
  }
  if (!errors.empty())
    append_errors(out, errors);
  out += '}';
  return out;
}

std::string problem_json(const problem& what) {
  return problem_json(type_of(what.code), what.detail, what.errors);
}

http_response to_http(const problem_type& type, std::string_view detail) {
  return answer(type, problem_json(type, detail));
}

http_response to_http(const problem& what) {
  return answer(type_of(what.code), problem_json(what));
}

http_response to_http(const failure& what) {
  return to_http(type_of(what.code), what.detail);
}

} // namespace eventpulse

#include "runtime/adapters/http/answer_text.hpp"

#include "messages/problem.hpp"
#include "runtime/adapters/http/syntax.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace eventpulse::http {

namespace {

bool belongs_to_server(std::string_view name) {
  constexpr std::array<std::string_view, 7> names{
      "Content-Length", "Connection", "Transfer-Encoding", "Date",
      "Server",         "Keep-Alive", "Content-Type"};
  return std::any_of(names.begin(), names.end(),
                     [&](auto own) { return same_token(own, name); });
}

bool is_sound(const http_response& response) {
  if (response.status < 200 || response.status > 599 ||
      !is_field_value(response.content_type))
    return false;
  return std::all_of(
      response.headers.begin(), response.headers.end(), [](const auto& header) {
        return is_token(header.first) && !belongs_to_server(header.first) &&
               is_field_value(header.second);
      });
}

void add_field(std::string& out, std::string_view name,
               std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

/// RFC 9110 sections 15.3.5 and 15.4.5: no content and no length of it.
bool forbids_content(unsigned status) {
  return status == 204 || status == 304;
}

} // namespace

std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
  case 100:
    return "Continue";
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 202:
    return "Accepted";
  case 204:
    return "No Content";
  case 207:
    return "Multi-Status";
  case 301:
    return "Moved Permanently";
  case 302:
    return "Found";
  case 303:
    return "See Other";
  case 304:
    return "Not Modified";
  case 307:
    return "Temporary Redirect";
  case 308:
    return "Permanent Redirect";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 406:
    return "Not Acceptable";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 410:
    return "Gone";
  case 411:
    return "Length Required";
  case 412:
    return "Precondition Failed";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 415:
    return "Unsupported Media Type";
  case 417:
    return "Expectation Failed";
  case 422:
    return "Unprocessable Content";
  case 426:
    return "Upgrade Required";
  case 428:
    return "Precondition Required";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "";
  }
}

std::string http_date(std::chrono::system_clock::time_point when) {
  using namespace std::chrono;
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed",
                                            "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr",
                                               "May", "Jun", "Jul", "Aug",
                                               "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<std::chrono::days>(when);
  const year_month_day date{day};
  const hh_mm_ss time{floor<seconds>(when - day)};
  std::array<char, 48> text{};
  std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      days[weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
      months[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), static_cast<int>(time.hours().count()),
      static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()));
  return text.data();
}

answer_text write_answer(http_response response,
                         const answer_context& context) {
  if (!is_sound(response))
    response = to_http(failure{errc::internal, "the answer is not valid HTTP"});
  answer_text out;
  out.status = response.status;
  out.head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out.head += reason_phrase(response.status);
  out.head += "\r\n";
  add_field(out.head, "Date", http_date(context.now));
  add_field(out.head, "Server", "eventpulse");
  if (!response.content_type.empty())
    add_field(out.head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers)
    add_field(out.head, name, value);
  if (!forbids_content(response.status)) {
    add_field(out.head, "Content-Length", std::to_string(response.body.size()));
    if (!context.head_only)
      out.body = std::move(response.body);
  }
  std::string connection;
  if (!context.keep_alive)
    connection = "close";
  else if (context.minor == 0)
    connection = "keep-alive";
  for (const auto& [name, value] : response.headers)
    if (same_token(name, "Upgrade")) // RFC 9110, section 7.8
      connection += connection.empty() ? "upgrade" : ", upgrade";
  if (!connection.empty())
    add_field(out.head, "Connection", connection);
  out.head += "\r\n";
  return out;
}

} // namespace eventpulse::http

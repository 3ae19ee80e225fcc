#include "runtime/adapters/http/client.hpp"

#include "runtime/adapters/http/client_connection.hpp"
#include "runtime/adapters/http/syntax.hpp"

#include <array>
#include <cstdio>

namespace eventpulse::http {

namespace {

// Head and body in one packet where they fit.
constexpr size_t one_write_bytes_max = 65'536;

bool is_safe_method(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

/// Doing it twice is as doing it once (RFC 9110 section 9.2.2).
bool is_idempotent_method(std::string_view method) {
  return is_safe_method(method) || method == "PUT" || method == "DELETE";
}

result<void> check(const client_request& what) {
  if (!is_token(what.method))
    return failure{errc::invalid, "the method is not a token"};
  for (const auto& [name, value] : what.headers)
    if (!is_token(name) || !is_field_value(value))
      return failure{errc::invalid, "the header '" + name + "' is not valid"};
  return {};
}

enum class framing { length, chunked };

std::string write_head(const client_request& what, const client_url& url,
                       framing how) {
  std::string out = what.method + ' ' + url.target + " HTTP/1.1\r\n";
  auto add = [&](std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  };
  add("Host", url.authority);
  add("User-Agent", "eventpulse");
  for (const auto& [name, value] : what.headers)
    add(name, value);
  const bool may_have_body = !is_safe_method(what.method);
  if (how == framing::chunked)
    add("Transfer-Encoding", "chunked");
  else if (may_have_body || !what.body.empty())
    add("Content-Length", std::to_string(what.body.size()));
  out += "\r\n";
  return out;
}

std::string write_chunk(std::string_view piece) {
  std::array<char, 24> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
  std::string out{size.data()};
  out += piece;
  out += "\r\n";
  return out;
}

/// What a request that got no answer means to its caller.
failure explain(const client_connection& connection, std::string_view method) {
  if (connection.too_large())
    return {errc::too_large, connection.failure_text()};
  auto code = connection.timed_out() ? errc::timed_out : errc::unavailable;
  if (connection.sent() && !is_safe_method(method))
    code = errc::outcome_unknown;
  return {code, connection.failure_text()};
}

} // namespace

std::string_view find_header(const client_response& answer,
                             std::string_view name) {
  for (const auto& [key, value] : answer.headers)
    if (same_token(key, name))
      return value;
  return {};
}

struct client::parts {
  explicit parts(client_options given) : options(std::move(given)) {}

  /// The open connection if it leads there and is alive, else a new one.
  result<void> reach(const client_url& url, bool& reused) {
    reused = connection && connection->url().same_server(url) &&
             !connection->is_stale();
    if (reused)
      return {};
    connection = std::make_unique<client_connection>(options);
    auto opened = connection->open(url);
    if (!opened)
      connection.reset();
    return opened;
  }

  result<client_response> conclude(std::string_view method) {
    if (!connection->finish()) {
      auto why = explain(*connection, method);
      connection.reset();
      return why;
    }
    auto answer = connection->take_answer();
    if (!connection->reusable())
      connection.reset();
    return answer;
  }

  client_options options;
  std::unique_ptr<client_connection> connection;
};

client::client(client_options options)
    : parts_(std::make_unique<parts>(std::move(options))) {}
client::~client() = default;
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;

result<client_response> client::request(const client_request& what) {
  if (auto checked = check(what); !checked)
    return checked.error();
  auto url = read_url(what.url);
  if (!url)
    return url.error();
  for (;;) {
    bool reused = false;
    if (auto reached = parts_->reach(*url, reused); !reached)
      return reached.error();
    auto& connection = *parts_->connection;
    connection.begin(what.method == "HEAD");
    // A failed write is no verdict: the answer may have come before it.
    auto head = write_head(what, *url, framing::length);
    const bool small = what.body.size() <= one_write_bytes_max;
    if (connection.send(small ? head + what.body : head) && !small)
      connection.send(what.body);
    // A kept connection may end just as it is used again; what may be done
    // twice is then sent on a new one (RFC 9110 section 9.2.2).
    if (!connection.finish() && reused && !connection.heard() &&
        !connection.timed_out() && is_idempotent_method(what.method)) {
      parts_->connection.reset();
      continue;
    }
    return parts_->conclude(what.method);
  }
}

result<client_response> client::upload(const client_request& what,
                                       const piece_source& next) {
  if (auto checked = check(what); !checked)
    return checked.error();
  auto url = read_url(what.url);
  if (!url)
    return url.error();
  bool reused = false;
  if (auto reached = parts_->reach(*url, reused); !reached)
    return reached.error();
  auto& connection = *parts_->connection;
  connection.begin(what.method == "HEAD");
  bool open = connection.send(write_head(what, *url, framing::chunked));
  while (open && !connection.answered()) {
    const auto piece = next();
    if (!piece) {
      open = connection.send("0\r\n\r\n");
      break;
    }
    if (!piece->empty())
      open = connection.send(write_chunk(*piece));
  }
  return parts_->conclude(what.method);
}

} // namespace eventpulse::http

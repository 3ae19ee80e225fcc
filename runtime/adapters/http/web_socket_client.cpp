#include "runtime/adapters/http/web_socket_client.hpp"

#include "runtime/adapters/http/client_connection.hpp"
#include "runtime/adapters/http/socket_layer.hpp"

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace eventpulse::http {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;

namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds goodbye_timeout{2'000};

client_response plain(const ws::response_type& from) {
  client_response out;
  out.status = from.result_int();
  for (const auto& field : from.base())
    out.headers.emplace_back(std::string{field.name_string()},
                             std::string{field.value()});
  out.body = from.body();
  return out;
}

} // namespace

struct web_socket_client::parts {
  explicit parts(web_socket_client_options given)
      : options(std::move(given)), link(options.connection) {}

  ~parts() {
    if (stream)
      stream->next_layer().close();
    run(clock::time_point::max(), [&] { return under_way == 0; });
  }

  template <class Done>
  bool run(clock::time_point deadline, Done done) {
    while (!done()) {
      link.io().restart();
      if (link.io().run_one_until(deadline) == 0 && !done())
        return false;
    }
    return true;
  }

  void set_options() {
    ws::stream_base::timeout timeouts;
    timeouts.handshake_timeout = options.connection.answer_timeout;
    timeouts.idle_timeout = options.idle_timeout;
    timeouts.keep_alive_pings = true;
    stream->set_option(timeouts);
    stream->read_message_max(options.message_bytes_max);
    stream->auto_fragment(false);
    stream->text(true);
    error_code ignored;
    if (options.receive_buffer_bytes > 0)
      link.stream().socket().set_option(
          net::socket_base::receive_buffer_size(options.receive_buffer_bytes),
          ignored);
  }

  void start_read() {
    ++under_way;
    reading = true;
    stream->async_read(input, [this](error_code ec, size_t) {
      --under_way;
      reading = false;
      if (ec)
        return end(ec);
      message = beast::buffers_to_string(input.data());
      input.consume(input.size());
    });
  }

  void end(error_code ec) {
    if (!open)
      return;
    open = false;
    code = ec == ws::error::closed ? stream->reason().code : 0;
    reason = ec == ws::error::closed
                 ? std::string{stream->reason().reason.c_str()}
                 : ec.message();
  }

  const web_socket_client_options options;
  client_connection link;
  std::optional<ws::stream<socket_layer>> stream;
  beast::flat_buffer input;
  std::optional<std::string> message;
  size_t under_way = 0; // handlers that hold `this`
  bool reading = false;
  bool open = false;
  uint16_t code = 0;
  std::string reason;
};

web_socket_client::web_socket_client(web_socket_client_options options)
    : parts_(std::make_unique<parts>(std::move(options))) {}
web_socket_client::~web_socket_client() = default;
web_socket_client::web_socket_client(web_socket_client&&) noexcept = default;
web_socket_client&
web_socket_client::operator=(web_socket_client&&) noexcept = default;

result<std::optional<client_response>>
web_socket_client::open(const std::string& url, const http_headers& headers) {
  parts_ = std::make_unique<parts>(web_socket_client_options{parts_->options});
  auto& p = *parts_;
  const auto where = read_url(url);
  if (!where)
    return where.error();
  if (auto opened = p.link.open(*where); !opened)
    return opened.error();
  p.stream.emplace(p.link.stream(), std::weak_ptr<void>{});
  p.set_options();
  p.stream->set_option(
      ws::stream_base::decorator([&headers](ws::request_type& request) {
        request.set(beast::http::field::user_agent, "eventpulse");
        for (const auto& [name, value] : headers)
          request.set(name, value);
      }));
  ws::response_type answer;
  error_code outcome;
  bool done = false;
  ++p.under_way;
  p.stream->async_handshake(answer, where->authority, where->target,
                            [&](error_code ec) {
                              --p.under_way;
                              outcome = ec;
                              done = true;
                            });
  p.run(clock::time_point::max(), [&] { return done; });
  p.stream->set_option(ws::stream_base::decorator([](ws::request_type&) {}));
  if (outcome == ws::error::upgrade_declined)
    return std::optional{plain(answer)};
  if (outcome == beast::error::timeout)
    return failure{errc::timed_out,
                   "no handshake with " + where->authority + " in time"};
  if (outcome)
    return failure{errc::unavailable, "no handshake with " + where->authority +
                                          ": " + outcome.message()};
  p.open = true;
  return std::optional<client_response>{};
}

std::optional<std::string>
web_socket_client::read(std::chrono::milliseconds patience) {
  auto& p = *parts_;
  if (p.open && !p.reading && !p.message)
    p.start_read();
  p.run(clock::now() + patience, [&] { return p.message || !p.open; });
  return std::exchange(p.message, std::nullopt);
}

bool web_socket_client::is_open() const {
  return parts_->open;
}

uint16_t web_socket_client::close_code() const {
  return parts_->code;
}

const std::string& web_socket_client::close_reason() const {
  return parts_->reason;
}

bool web_socket_client::send(const std::string& text) {
  auto& p = *parts_;
  if (!p.open)
    return false;
  error_code outcome;
  bool done = false;
  ++p.under_way;
  p.stream->async_write(net::buffer(text), [&](error_code ec, size_t) {
    --p.under_way;
    outcome = ec;
    done = true;
  });
  p.run(clock::time_point::max(), [&] { return done; });
  return !outcome;
}

void web_socket_client::close() {
  auto& p = *parts_;
  if (!p.open)
    return;
  ++p.under_way;
  bool done = false;
  p.stream->async_close(ws::close_code::normal, [&p, &done](error_code) {
    --p.under_way;
    done = true;
  });
  if (!p.run(clock::now() + goodbye_timeout, [&] { return done; })) {
    p.stream->next_layer().close();
    p.run(clock::time_point::max(), [&] { return done; });
  }
  p.open = false;
}

} // namespace eventpulse::http

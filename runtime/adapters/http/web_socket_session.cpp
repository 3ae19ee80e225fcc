#include "runtime/adapters/http/web_socket_session.hpp"

#include "messages/http.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <array>

namespace eventpulse::http {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;

namespace {

// A call for every message would cost more than the message.
constexpr size_t report_bytes = 32'768;
// What a close frame has room for beside its code (RFC 6455 section 5.5).
constexpr size_t reason_bytes_max = 123;

} // namespace

web_socket_session::web_socket_session(
    connection on, web_socket_options options,
    std::shared_ptr<web_socket_listener> listener)
    : server_(std::move(on.server)),
      executor_(on.below.socket().get_executor()),
      stream_(std::in_place, on.below, std::move(on.owner),
              std::move(on.early)),
      options_(options), listener_(std::move(listener)),
      ended_(std::move(on.ended)), patience_(executor_) {}

web_socket_session::~web_socket_session() {
  if (listener_)
    listener_->closed();
}

void web_socket_session::run(const http_request& head) {
  ws::stream_base::timeout timeouts;
  timeouts.handshake_timeout = options_.closing_timeout;
  timeouts.idle_timeout = options_.idle_timeout;
  timeouts.keep_alive_pings = true;
  stream_->set_option(timeouts);
  stream_->read_message_max(options_.message_bytes_max);
  stream_->auto_fragment(false);
  auto request =
      std::make_shared<beast::http::request<beast::http::empty_body>>(
          beast::http::verb::get, head.path, 11);
  for (const auto& [name, value] : head.headers)
    request->insert(name, value);
  stream_->async_accept(*request, [self = shared_from_this(), request](
                                      error_code ec) { self->on_accept(ec); });
}

void web_socket_session::on_accept(error_code ec) {
  if (ec)
    return end();
  open_ = true;
  listener_->opened(shared_from_this());
  read();
  if (closing_)
    begin_close();
}

void web_socket_session::read() {
  stream_->async_read(input_,
                      [self = shared_from_this()](error_code ec, size_t) {
                        self->on_read(ec);
                      });
}

// A peer that closes, breaks the protocol or is silent too long ends here;
// Beast has said to it what there was to say.
void web_socket_session::on_read(error_code ec) {
  if (ec || !listener_)
    return end();
  listener_->received(beast::buffers_to_string(input_.data()),
                      stream_->got_binary());
  input_.consume(input_.size());
  read();
}

// Where it is said in answer to a message, it goes out before the next one is
// read.
void web_socket_session::send(web_socket_message message) {
  net::dispatch(executor_, [self = shared_from_this(),
                            message = std::move(message)]() mutable {
    if (self->closing_ || !self->listener_)
      return;
    self->queue_.push_back(std::move(message));
    if (!self->writing_)
      self->write();
  });
}

void web_socket_session::write() {
  writing_ = true;
  const auto& next = queue_.front();
  stream_->binary(next.binary);
  const std::array<net::const_buffer, 2> parts{
      next.head ? net::buffer(*next.head) : net::const_buffer{},
      net::buffer(next.tail)};
  stream_->async_write(parts,
                       [self = shared_from_this()](error_code ec, size_t) {
                         self->on_write(ec);
                       });
}

void web_socket_session::on_write(error_code ec) {
  writing_ = false;
  if (ec || !listener_) // The read fails as well, and ends it.
    return;
  const auto bytes = queue_.front().size();
  queue_.pop_front();
  report(bytes);
  if (!queue_.empty())
    write();
}

void web_socket_session::report(size_t bytes) {
  unreported_ += bytes;
  if (!queue_.empty() && unreported_ < report_bytes)
    return;
  listener_->wrote(std::exchange(unreported_, 0));
}

void web_socket_session::close(uint16_t code, std::string reason) {
  net::post(executor_,
            [self = shared_from_this(), code, reason = std::move(reason)] {
              if (self->closing_ || !self->listener_)
                return;
              self->closing_ = true;
              self->close_code_ = code;
              self->close_reason_ = reason.substr(0, reason_bytes_max);
              if (self->open_)
                self->begin_close();
            });
}

// The message that is being written must end first, so a peer that reads
// nothing is cut when the patience is over; one that reads again is told.
void web_socket_session::begin_close() {
  if (queue_.size() > 1)
    queue_.erase(queue_.begin() + 1, queue_.end());
  patience_.expires_after(options_.closing_timeout);
  patience_.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec && self->listener_)
      self->stream_->next_layer().close();
  });
  stream_->async_close(
      ws::close_reason{static_cast<ws::close_code>(close_code_), close_reason_},
      [self = shared_from_this()](error_code) { self->end(); });
}

void web_socket_session::end() {
  if (!listener_)
    return;
  closing_ = true;
  patience_.cancel();
  stream_->next_layer().detach();
  net::post(executor_, [self = shared_from_this()] { self->stream_.reset(); });
  std::exchange(listener_, nullptr)->closed();
  std::exchange(ended_, nullptr)(writing_ ? state::broken : state::quiet);
}

} // namespace eventpulse::http

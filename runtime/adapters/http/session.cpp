#include "runtime/adapters/http/session.hpp"

#include "runtime/adapters/http/web_socket_session.hpp"

#include <algorithm>

namespace eventpulse::http {

namespace {

constexpr size_t head_buffer_bytes = 8192;
constexpr size_t discarded_bytes_max = 64 << 20;
constexpr uint64_t slow_write_seconds = 3600;

} // namespace

session::session(std::shared_ptr<server_core> core,
                 std::unique_ptr<byte_stream> stream, std::string remote,
                 duty what)
    : core_(std::move(core)), stream_(std::move(stream)),
      remote_(std::move(remote)), duty_(what),
      deadline_(stream_->socket().get_executor()),
      head_reader_(
          {core_->options.header_bytes_max, core_->options.fields_max}) {
  ++(duty_ == duty::serve ? core_->serving : core_->refusing);
  if (core_->hooks.observer)
    core_->hooks.observer->connection_opened();
}

session::~session() {
  end_exchange();
  core_->buffered_bytes -= charged_;
  if (core_->hooks.observer)
    core_->hooks.observer->connection_closed();
  --(duty_ == duty::serve ? core_->serving : core_->refusing);
  core_->leave(this);
}

void session::post_start() {
  net::post(deadline_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ == phase::closed)
      return;
    self->arm(clock::now() + self->core_->options.handshake_timeout);
    self->stream_->handshake(
        [self](error_code ec, size_t) { self->on_handshake(ec); });
  });
}

void session::post_stop() {
  net::post(deadline_.get_executor(),
            [self = shared_from_this()] { self->close_now(); });
}

// The read is cancelled rather than the connection closed: a request that has
// arrived meanwhile is still served.
void session::post_drain() {
  net::post(deadline_.get_executor(), [self = shared_from_this()] {
    error_code ignored;
    if (self->is_idle())
      self->stream_->socket().cancel(ignored);
    if (self->socket_)
      self->socket_->close(close_code::going_away, "the server is stopping");
  });
}

void session::on_handshake(error_code ec) {
  if (phase_ == phase::closed)
    return;
  if (ec)
    return close_now();
  if (duty_ == duty::serve)
    return next_request();
  if (core_->hooks.observer)
    core_->hooks.observer->connection_refused();
  refuse(errc::overloaded, "there are too many connections");
}

void session::next_request() {
  if (core_->draining && begin_ == end_)
    return hang_up();
  phase_ = phase::head;
  head_reader_ =
      head_reader{{core_->options.header_bytes_max, core_->options.fields_max}};
  request_.reset();
  head_ = {};
  mode_ = {};
  context_.reset();
  touched_ = begin_ != end_;
  const auto patience = first_ || touched_ ? core_->options.header_timeout
                                           : core_->options.idle_timeout;
  arm(clock::now() + patience);
  if (touched_)
    return feed_head();
  read();
}

void session::read() {
  const size_t wanted =
      phase_ == phase::body
          ? std::max(core_->options.stream_piece_bytes, head_buffer_bytes)
          : head_buffer_bytes;
  if (capacity_ != wanted) {
    buffer_ = std::make_unique_for_overwrite<char[]>(wanted);
    capacity_ = wanted;
  }
  begin_ = end_ = 0;
  stream_->read_some(net::buffer(buffer_.get(), capacity_),
                     [self = shared_from_this()](error_code ec, size_t n) {
                       self->on_read(ec, n);
                     });
}

void session::on_read(error_code ec, size_t count) {
  if (phase_ == phase::closed)
    return;
  if (cut_)
    return on_cut();
  if (ec == net::error::operation_aborted && core_->draining && is_idle())
    return hang_up();
  if (ec == net::error::eof)
    return hang_up();
  if (ec)
    return close_now();
  // The head has one absolute deadline, so a client that sends an octet now and
  // then cannot hold the connection. Of the first request it runs already.
  if (phase_ == phase::head && !touched_ && !first_)
    arm(clock::now() + core_->options.header_timeout);
  touched_ = true;
  end_ = count;
  if (phase_ == phase::head)
    feed_head();
  else
    feed_body();
}

void session::on_cut() {
  cut_ = false;
  if (is_idle())
    return hang_up();
  refuse({408, phase_ == phase::head ? "the head did not arrive in time"
                                     : "the body arrives too slowly"});
}

void session::on_deadline() {
  error_code ignored;
  switch (phase_) {
  case phase::head:
  case phase::body:
    cut_ = true;
    stream_->socket().cancel(ignored);
    break;
  case phase::exchange:
    on_reply_timeout();
    break;
  case phase::handshake:
  case phase::writing:
  case phase::closing:
    close_now();
    break;
  case phase::upgraded:
  case phase::closed:
    break;
  }
}

void session::arm(clock::time_point when) {
  deadline_.expires_at(when);
  deadline_.async_wait(
      [self = shared_from_this(), turn = ++deadline_turn_](error_code ec) {
        if (!ec && turn == self->deadline_turn_)
          self->on_deadline();
      });
}

void session::disarm() {
  ++deadline_turn_;
  deadline_.cancel();
}

void session::write(const byte_stream::parts& what, void (session::*then)()) {
  const auto& options = core_->options;
  auto patience = options.write_timeout;
  if (options.body_rate_min > 0)
    patience += std::chrono::seconds{std::min<uint64_t>(
        net::buffer_size(what) / options.body_rate_min, slow_write_seconds)};
  arm(clock::now() + patience);
  stream_->write(what,
                 [self = shared_from_this(), then](error_code ec, size_t) {
                   if (self->phase_ == phase::closed)
                     return;
                   if (ec)
                     return self->close_now();
                   ((*self).*then)();
                 });
}

void session::hang_up() {
  phase_ = phase::closing;
  arm(clock::now() + core_->options.linger_timeout);
  stream_->finish([self = shared_from_this()](error_code, size_t) {
    if (self->phase_ == phase::closing)
      self->discard();
  });
}

void session::discard() {
  if (capacity_ < head_buffer_bytes) {
    buffer_ = std::make_unique_for_overwrite<char[]>(head_buffer_bytes);
    capacity_ = head_buffer_bytes;
  }
  stream_->socket().async_read_some(
      net::buffer(buffer_.get(), capacity_),
      [self = shared_from_this()](error_code ec, size_t count) {
        if (self->phase_ != phase::closing)
          return;
        self->discarded_ += count;
        if (ec || self->discarded_ > discarded_bytes_max)
          return self->close_now();
        self->discard();
      });
}

void session::close_now() {
  phase_ = phase::closed;
  ++turn_;
  end_exchange();
  disarm();
  error_code ignored;
  stream_->socket().close(ignored);
}

} // namespace eventpulse::http

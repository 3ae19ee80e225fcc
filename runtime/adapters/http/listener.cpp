#include "runtime/adapters/http/listener.hpp"

#include "runtime/adapters/http/session.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <fcntl.h>

namespace eventpulse::http {

namespace {

constexpr std::chrono::milliseconds accept_pause{50};
constexpr size_t refusing_max = 64;

// Asio does not; without it the servers that the process starts as children
// would inherit every connection.
void close_on_exec(int handle) {
  ::fcntl(handle, F_SETFD, FD_CLOEXEC);
}

std::string address_text(const tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
  const auto text = address.to_string();
  const auto port = std::to_string(endpoint.port());
  return address.is_v6() ? '[' + text + "]:" + port : text + ':' + port;
}

} // namespace

listener::listener(std::shared_ptr<server_core> core)
    : core_(std::move(core)), acceptor_(net::make_strand(core_->io)),
      pause_(acceptor_.get_executor()) {}

result<void> listener::open() {
  const auto& options = core_->options;
  error_code ec;
  const auto address = net::ip::make_address(options.address, ec);
  if (ec)
    return failure{errc::invalid, options.address + " is not an IP address"};
  const tcp::endpoint endpoint{address, options.port};
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) {
    close_on_exec(acceptor_.native_handle());
    acceptor_.set_option(net::socket_base::reuse_address(true), ec);
  }
  if (!ec && address.is_v6())
    acceptor_.set_option(net::ip::v6_only(false), ec);
  if (!ec)
    acceptor_.bind(endpoint, ec);
  if (!ec)
    acceptor_.listen(net::socket_base::max_listen_connections, ec);
  if (!ec)
    port_ = acceptor_.local_endpoint(ec).port();
  if (ec)
    return failure{errc::unavailable, "cannot listen on " +
                                          address_text(endpoint) + ": " +
                                          ec.message()};
  return {};
}

void listener::post_start() {
  net::post(acceptor_.get_executor(),
            [self = shared_from_this()] { self->accept(); });
}

void listener::post_close() {
  net::post(acceptor_.get_executor(), [self = shared_from_this()] {
    error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
  });
}

void listener::accept() {
  if (!acceptor_.is_open())
    return;
  acceptor_.async_accept(
      net::make_strand(core_->io),
      [self = shared_from_this()](error_code ec, tcp::socket socket) {
        self->on_accept(ec, std::move(socket));
      });
}

void listener::on_accept(error_code ec, tcp::socket socket) {
  if (!acceptor_.is_open())
    return;
  if (ec == net::error::connection_aborted)
    return accept();
  if (ec) // Most likely out of descriptors, which closing sessions give back.
    return wait_and_accept();
  begin_session(std::move(socket));
  accept();
}

void listener::begin_session(tcp::socket socket) {
  error_code ec;
  close_on_exec(socket.native_handle());
  socket.set_option(tcp::no_delay(true), ec);
  const auto remote = socket.remote_endpoint(ec);
  if (ec)
    return; // It is gone already.
  auto what = session::duty::serve;
  if (core_->serving >= core_->options.connections_max) {
    what = session::duty::refuse;
    if (core_->refusing >= refusing_max) {
      if (core_->hooks.observer)
        core_->hooks.observer->connection_refused();
      return;
    }
  }
  auto stream = core_->tls ? make_tls_stream(std::move(socket), *core_->tls)
                           : make_plain_stream(std::move(socket));
  auto next = std::make_shared<session>(core_, std::move(stream),
                                        address_text(remote), what);
  core_->enter(next);
  next->post_start();
  if (core_->stopped)
    next->post_stop();
}

void listener::wait_and_accept() {
  pause_.expires_after(accept_pause);
  pause_.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec)
      self->accept();
  });
}

} // namespace eventpulse::http

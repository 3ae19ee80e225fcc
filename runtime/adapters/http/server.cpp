#include "runtime/adapters/http/server.hpp"

#include "runtime/adapters/http/listener.hpp"
#include "runtime/adapters/http/session.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <thread>
#include <vector>

namespace eventpulse::http {

namespace {

result<void> check(const server_options& options, const server_hooks& hooks) {
  using namespace std::chrono_literals;
  if (!hooks.sink)
    return failure{errc::invalid, "the HTTP server needs a sink"};
  if (options.threads == 0 || options.threads > 64)
    return failure{errc::invalid, "the HTTP server needs 1 to 64 threads"};
  if (options.header_bytes_max < 1024)
    return failure{errc::invalid, "header_bytes_max must be at least 1024"};
  if (options.stream_piece_bytes == 0 || options.connections_max == 0 ||
      options.exchanges_in_flight_max == 0 || options.fields_max == 0)
    return failure{errc::invalid, "a limit of the HTTP server is 0"};
  for (auto timeout :
       {options.header_timeout, options.body_timeout, options.idle_timeout,
        options.reply_timeout, options.write_timeout, options.handshake_timeout,
        options.linger_timeout})
    if (timeout <= 0ms || timeout > 24h)
      return failure{errc::invalid,
                     "a timeout of the HTTP server is not within 24 hours"};
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty())
    return failure{errc::invalid,
                   "TLS needs both a certificate file and a key file"};
  return {};
}

} // namespace

class server::threads {
public:
  explicit threads(net::io_context& io) : work_(io.get_executor()) {}

  void start(net::io_context& io, size_t count) {
    for (size_t i = 0; i < count; ++i)
      list_.emplace_back([&io] { serve(io); });
  }

  /// What is still queued runs here, since a queued handler holds what owns the
  /// io_context.
  void end(net::io_context& io) {
    work_.reset();
    for (auto& thread : list_)
      thread.join();
    list_.clear();
    io.restart();
    serve(io);
  }

private:
  // What a handler throws (out of memory) ends its own connection: the handler
  // held the session. The thread goes on.
  static void serve(net::io_context& io) {
    for (;;) {
      try {
        io.run();
        return;
      } catch (const std::exception&) {
      }
    }
  }

  net::executor_work_guard<net::io_context::executor_type> work_;
  std::vector<std::thread> list_;
};

server::server(std::shared_ptr<server_core> core)
    : core_(std::move(core)), listener_(std::make_shared<listener>(core_)),
      threads_(std::make_unique<threads>(core_->io)) {}

server::~server() {
  stop();
}

result<std::unique_ptr<server>> server::start(server_options options,
                                              server_hooks hooks) {
  if (auto checked = check(options, hooks); !checked)
    return checked.error();
  auto core =
      std::make_shared<server_core>(std::move(options), std::move(hooks));
  if (!core->options.tls_certificate_file.empty()) {
    auto tls = make_tls_context(core->options.tls_certificate_file,
                                core->options.tls_key_file);
    if (!tls)
      return tls.error();
    core->tls = std::move(*tls);
  }
  std::unique_ptr<server> out{new server{core}};
  if (auto opened = out->listener_->open(); !opened)
    return opened.error();
  out->listener_->post_start();
  out->threads_->start(core->io, core->options.threads);
  return out;
}

uint16_t server::port() const noexcept {
  return listener_->port();
}

size_t server::connections() const noexcept {
  return core_->serving;
}

size_t server::exchanges_in_flight() const noexcept {
  return core_->exchanges;
}

bool server::drain(std::chrono::milliseconds patience) {
  core_->draining = true;
  listener_->post_close();
  for (const auto& session : core_->sessions())
    session->post_drain();
  return core_->wait_until_empty(patience);
}

void server::stop() {
  if (core_->stopped.exchange(true))
    return;
  listener_->post_close();
  for (const auto& session : core_->sessions())
    session->post_stop();
  threads_->end(core_->io);
}

} // namespace eventpulse::http

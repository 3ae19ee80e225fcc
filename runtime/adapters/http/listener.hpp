#pragma once
// Accepts connections and makes sessions of them. Above connections_max a few
// more are accepted to be told so, the rest is closed unanswered. When the
// process is out of file descriptors it waits a little instead of spinning.

#include "runtime/adapters/http/server_core.hpp"

namespace eventpulse::http {

class listener : public std::enable_shared_from_this<listener> {
public:
  explicit listener(std::shared_ptr<server_core> core);

  /// Binds and listens, or says why it cannot.
  result<void> open();
  void post_start();
  void post_close();
  uint16_t port() const noexcept { return port_; }

private:
  void accept();
  void on_accept(error_code ec, tcp::socket socket);
  void begin_session(tcp::socket socket);
  void wait_and_accept();

  const std::shared_ptr<server_core> core_;
  tcp::acceptor acceptor_;
  net::steady_timer pause_;
  uint16_t port_ = 0;
};

} // namespace eventpulse::http

#include "runtime/adapters/http/byte_stream.hpp"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace eventpulse::http {

namespace {

void end_sending(tcp::socket& socket) {
  error_code ignored; // The peer may have gone; then there is nothing to end.
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

class plain_stream final : public byte_stream {
public:
  explicit plain_stream(tcp::socket socket) : socket_(std::move(socket)) {}

  bool encrypted() const noexcept override { return false; }

  void handshake(done then) override {
    net::post(socket_.get_executor(),
              [then = std::move(then)] { then({}, 0); });
  }

  void read_some(net::mutable_buffer into, done then) override {
    socket_.async_read_some(into, std::move(then));
  }

  void write(const parts& what, done then) override {
    net::async_write(socket_, what, std::move(then));
  }

  void finish(done then) override {
    end_sending(socket_);
    net::post(socket_.get_executor(),
              [then = std::move(then)] { then({}, 0); });
  }

  tcp::socket& socket() override { return socket_; }

private:
  tcp::socket socket_;
};

class tls_stream final : public byte_stream {
public:
  tls_stream(tcp::socket socket, net::ssl::context& context)
      : stream_(std::move(socket), context),
        role_(net::ssl::stream_base::server) {}

  tls_stream(tcp::socket socket, net::ssl::context& context,
             const std::string& host)
      : stream_(std::move(socket), context),
        role_(net::ssl::stream_base::client) {
    error_code ec;
    net::ip::make_address(host, ec);
    if (ec) // Server names are for names only (RFC 6066 section 3).
      SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str());
    stream_.set_verify_mode(net::ssl::verify_peer);
    stream_.set_verify_callback(net::ssl::host_name_verification{host});
  }

  bool encrypted() const noexcept override { return true; }

  void handshake(done then) override {
    stream_.async_handshake(
        role_, [then = std::move(then)](error_code ec) { then(ec, 0); });
  }

  void read_some(net::mutable_buffer into, done then) override {
    stream_.async_read_some(into, std::move(then));
  }

  // The TLS layer sends a record per buffer; an answer is one record or more
  // only where it is larger than one.
  void write(const parts& what, done then) override {
    net::async_write(stream_, what, std::move(then));
  }

  // Sends close_notify, and waits for the peer's no longer than the session's
  // deadline allows; what still comes in the clear is discarded there.
  void finish(done then) override {
    stream_.async_shutdown([this, then = std::move(then)](error_code ec) {
      end_sending(stream_.next_layer());
      then(ec, 0);
    });
  }

  tcp::socket& socket() override { return stream_.next_layer(); }

private:
  using role = net::ssl::stream_base::handshake_type;

  net::ssl::stream<tcp::socket> stream_;
  const role role_;
};

} // namespace

std::unique_ptr<byte_stream> make_tls_client_stream(tcp::socket socket,
                                                    net::ssl::context& context,
                                                    const std::string& host) {
  return std::make_unique<tls_stream>(std::move(socket), context, host);
}

std::unique_ptr<byte_stream> make_plain_stream(tcp::socket socket) {
  return std::make_unique<plain_stream>(std::move(socket));
}

std::unique_ptr<byte_stream> make_tls_stream(tcp::socket socket,
                                             net::ssl::context& context) {
  return std::make_unique<tls_stream>(std::move(socket), context);
}

} // namespace eventpulse::http

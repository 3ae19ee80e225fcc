#pragma once
// The server's side of one WebSocket, on a connection that a session has handed
// over. Framing, masking, UTF-8, pings and the closing handshake are Beast's;
// here are the queue, the deadlines and what is told to the listener. No
// extension is spoken: permessage-deflate would cost some 300 KiB a connection,
// and a peer could make one message of a kilobyte into a megabyte.
//
// Everything but send and close runs on the connection's strand.

#include "messages/web_socket.hpp"
#include "runtime/adapters/http/socket_layer.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace eventpulse::http {

class web_socket_session
    : public web_socket,
      public std::enable_shared_from_this<web_socket_session> {
public:
  /// How it left the connection: with nothing under way, or in the middle.
  enum class state { quiet, broken };
  struct connection {
    byte_stream& below;
    std::weak_ptr<void> owner;    // of `below`
    std::shared_ptr<void> server; // of the executor, as long as this lives
    std::string early;            // octets read beyond the handshake's head
    /// Called once, on the strand, when nothing more will happen here.
    std::function<void(state)> ended;
  };

  web_socket_session(connection on, web_socket_options options,
                     std::shared_ptr<web_socket_listener> listener);
  ~web_socket_session() override;

  /// Answers the handshake, which check_upgrade has found good.
  void run(const http_request& head);

  void send(web_socket_message message) override;
  void close(uint16_t code, std::string reason) override;

private:
  void on_accept(error_code ec);
  void read();
  void on_read(error_code ec);
  void write();
  void on_write(error_code ec);
  void begin_close();
  void report(size_t bytes);
  void end();

  const std::shared_ptr<void> server_; // goes last
  const socket_layer::executor_type executor_;
  /// Gone after the end: its timer would hold the server's threads.
  std::optional<boost::beast::websocket::stream<socket_layer>> stream_;
  const web_socket_options options_;
  std::shared_ptr<web_socket_listener> listener_; // null: told of the end
  std::function<void(state)> ended_;
  net::steady_timer patience_; // of closing from our side
  boost::beast::flat_buffer input_;
  std::deque<web_socket_message> queue_; // the first is being written
  size_t unreported_ = 0;                // bytes
  bool open_ = false;
  bool writing_ = false;
  bool closing_ = false;
  uint16_t close_code_ = 0;
  std::string close_reason_;
};

} // namespace eventpulse::http

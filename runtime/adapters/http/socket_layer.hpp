#pragma once
// A byte_stream as Beast wants the layer below a WebSocket to be. Octets that
// were read beyond the handshake's head come first. Used on the stream's strand
// by the two WebSocket sessions of this folder. What is under way holds the
// stream's owner; once detached the stream is not touched any more, since Beast
// and an actor may keep a WebSocket longer than its connection lives.

#include "runtime/adapters/http/byte_stream.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>

#include <memory>
#include <string>
#include <utility>

namespace eventpulse::http {

class socket_layer {
public:
  using executor_type = tcp::socket::executor_type;

  socket_layer(byte_stream& below, std::weak_ptr<void> owner,
               std::string early = {})
      : executor_(below.socket().get_executor()), below_(&below),
        owner_(std::move(owner)), early_(std::move(early)) {}

  executor_type get_executor() { return executor_; }
  void detach() { below_ = nullptr; }
  void close() {
    error_code ignored;
    if (below_)
      below_->socket().close(ignored);
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& into, Token&& token) {
    return start(std::forward<Token>(token),
                 [this, into = first_of<net::mutable_buffer>(into)](auto then) {
                   read(into, std::move(then));
                 });
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& what, Token&& token) {
    return start(std::forward<Token>(token),
                 [this, parts = first_two(what)](auto then) {
                   below_->write(parts, std::move(then));
                 });
  }

private:
  /// byte_stream's handlers are copied; Beast's can only be moved.
  template <class Token, class Begin>
  auto start(Token&& token, Begin begin) {
    return net::async_initiate<Token, void(error_code, size_t)>(
        [this, begin](auto handler) {
          auto kept = std::make_shared<decltype(handler)>(std::move(handler));
          byte_stream::done then = [kept, owner = owner_.lock()](error_code ec,
                                                                 size_t count) {
            std::move (*kept)(ec, count);
          };
          if (below_)
            begin(std::move(then));
          else
            net::post(executor_,
                      [then] { then(net::error::operation_aborted, 0); });
        },
        token);
  }

  void read(net::mutable_buffer into, byte_stream::done then) {
    if (early_.empty() && into.size() > 0)
      return below_->read_some(into, std::move(then));
    const auto count = net::buffer_copy(into, net::buffer(early_));
    early_.erase(0, count);
    net::post(executor_, [then = std::move(then), count] { then({}, count); });
  }

  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& all) {
    for (auto b = net::buffer_sequence_begin(all);
         b != net::buffer_sequence_end(all); ++b)
      if (Buffer one{*b}; one.size() > 0)
        return one;
    return {};
  }

  template <class Buffers>
  static byte_stream::parts first_two(const Buffers& all) {
    byte_stream::parts out;
    size_t filled = 0;
    for (auto b = net::buffer_sequence_begin(all);
         b != net::buffer_sequence_end(all) && filled < out.size(); ++b)
      if (net::const_buffer one{*b}; one.size() > 0)
        out[filled++] = one;
    return out;
  }

  executor_type executor_;
  byte_stream* below_; // null: detached
  std::weak_ptr<void> owner_;
  std::string early_;
};

// What Beast calls when a WebSocket ends, found by argument-dependent look-up.
// The connection is shut down by its owner, which lingers as for every other.

template <class Handler>
void async_teardown(boost::beast::role_type, socket_layer& layer,
                    Handler&& handler) {
  net::post(layer.get_executor(),
            boost::beast::bind_front_handler(std::forward<Handler>(handler),
                                             error_code{}));
}

inline void teardown(boost::beast::role_type, socket_layer&, error_code& ec) {
  ec = {};
}

inline void beast_close_socket(socket_layer& layer) {
  layer.close();
}

} // namespace eventpulse::http

#pragma once
// One connection: reads requests one after the other, hands them to the sink,
// writes the answers in order, and ends. Made by the listener, reached by the
// server for drain and stop. Everything but post_* runs on its strand, and at
// any time it does one thing (its phase) under one deadline.
//
// The body of a streamed request is read piece by piece: the next octet is read
// when the answer to the piece before is there. Pipelined requests wait in the
// socket. A connection that ends with an error is shut down for sending and
// read out for a moment, since a close with unread input makes the kernel send
// a reset that can eat the answer.

#include "messages/http.hpp"
#include "messages/problem.hpp"
#include "runtime/adapters/http/answer_text.hpp"
#include "runtime/adapters/http/byte_stream.hpp"
#include "runtime/adapters/http/request_body.hpp"
#include "runtime/adapters/http/request_head.hpp"
#include "runtime/adapters/http/server_core.hpp"

namespace eventpulse::http {

class web_socket_session;

class session : public std::enable_shared_from_this<session> {
public:
  /// Above connections_max a few connections are still told so.
  enum class duty { serve, refuse };

  session(std::shared_ptr<server_core> core,
          std::unique_ptr<byte_stream> stream, std::string remote, duty what);
  ~session();

  session(const session&) = delete;
  session& operator=(const session&) = delete;

  // From any thread.
  void post_start();
  void post_drain(); // ends it if it is between two requests
  void post_stop();  // ends it
  void post_reply(uint64_t turn, http_reply reply);
  void post_reply(uint64_t turn, web_socket_reply reply);
  void post_dropped(uint64_t turn);

private:
  using clock = std::chrono::steady_clock;
  enum class phase {
    handshake,
    head,     // reading, or idle until the first octet
    body,     // reading
    exchange, // the sink has it
    writing,
    upgraded, // a web_socket_session has the connection
    closing,  // sending is over, input is discarded
    closed
  };

  // session.cpp: the connection
  void on_handshake(error_code ec);
  void next_request();
  void read();
  void on_read(error_code ec, size_t count);
  void on_cut();
  void on_deadline();
  void arm(clock::time_point when);
  void disarm();
  void write(const byte_stream::parts& what, void (session::*then)());
  void hang_up();
  void discard();
  void close_now();

  // session_request.cpp: requests and answers
  void feed_head();
  void on_head();
  void begin_body();
  void feed_body();
  void dispatch(bool last);
  void begin_exchange();
  void on_reply(uint64_t turn, http_reply reply);
  void on_dropped(uint64_t turn);
  void on_continue(http_continue go_on);
  bool is_socket();
  void ask_for_socket();
  void on_socket_reply(uint64_t turn, web_socket_reply reply);
  void upgrade(web_socket_accept accepted);
  void on_reply_timeout();
  void end_exchange();
  void refuse(const violation& wrong);
  void refuse(errc code, std::string_view detail);
  void respond(http_response response);
  void on_answered();
  void report(unsigned status, uint64_t bytes_out);
  clock::time_point body_deadline() const;
  bool charge(size_t bytes);

  std::string_view input() const {
    return {buffer_.get() + begin_, end_ - begin_};
  }
  bool is_idle() const {
    return phase_ == phase::head && !head_reader_.begun() && begin_ == end_;
  }

  const std::shared_ptr<server_core> core_;
  const std::unique_ptr<byte_stream> stream_;
  const std::string remote_;
  const duty duty_;
  net::steady_timer deadline_;
  uint64_t deadline_turn_ = 0; // a deadline of an older turn means nothing
  phase phase_ = phase::handshake;
  bool cut_ = false;     // the read under way was cancelled by its deadline
  bool first_ = true;    // no request has been read yet
  bool touched_ = false; // octets of this head, even if only CRLF, are here

  // Octets that have arrived and are not read yet; filled only when empty.
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t discarded_ = 0;

  // The request under way.
  head_reader head_reader_;
  request_head head_;
  std::shared_ptr<http_request> request_; // null until its head is read
  body_mode mode_;
  body_reader body_reader_;
  std::string body_;              // what the next exchange will carry
  clock::time_point started_;     // its head was read
  clock::time_point body_clock_;  // since when the body's rate counts
  clock::time_point handed_over_; // the exchange under way began
  uint64_t turn_ = 0;             // of the exchange under way
  bool exchange_open_ = false;    // counted in core_->exchanges
  bool handed_last_ = false;
  uint64_t charged_ = 0; // of core_->buffered_bytes
  std::shared_ptr<void> context_;
  answer_text answer_;
  std::shared_ptr<web_socket_session> socket_; // in the phase upgraded
};

} // namespace eventpulse::http

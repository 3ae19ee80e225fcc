#pragma once
// One connection of the client, with the waiting in it: each call starts
// asynchronous work and runs it to its end or its deadline on the caller's
// thread. Reading goes on beside writing, so an early answer is seen.

#include "runtime/adapters/http/byte_stream.hpp"
#include "runtime/adapters/http/client.hpp"
#include "runtime/adapters/http/client_url.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace eventpulse::http {

class client_connection {
public:
  explicit client_connection(const client_options& options)
      : options_(options) {}
  ~client_connection();

  result<void> open(const client_url& url);

  const client_url& url() const { return url_; }

  /// Whether the server has closed it, or said something unasked.
  bool is_stale();

  /// Before each request. `head_only`: it is HEAD, its answer has no body.
  void begin(bool head_only);

  /// All of `text`, or until the answer is there. False: it could not be sent.
  bool send(std::string_view text);

  /// Waits for the answer to be whole. False: see failure_text.
  bool finish();

  bool answered() const { return answered_; }
  /// Whether any octet of an answer has come.
  bool heard() const { return heard_; }
  bool sent() const { return sent_; }
  bool timed_out() const { return timed_out_; }
  bool too_large() const { return too_large_; }
  /// Whether it may be used for another request.
  bool reusable() const { return answered_ && keep_alive_ && !writing_; }
  const std::string& failure_text() const { return failure_text_; }

  client_response take_answer();

  /// For another protocol on an open connection, such as WebSocket.
  byte_stream& stream() { return *stream_; }
  net::io_context& io() { return io_; }

private:
  using clock = std::chrono::steady_clock;
  using parser =
      boost::beast::http::response_parser<boost::beast::http::string_body>;

  result<void> connect(const client_url& url, clock::time_point deadline);
  result<void> encrypt(tcp::socket socket, clock::time_point deadline);
  template <class Done>
  bool run(clock::time_point deadline, Done done);
  void start_read();
  void on_read(error_code ec, size_t count);
  void feed();
  void new_parser();
  void fail(std::string why);
  void close();

  const client_options options_;
  net::io_context io_;
  std::unique_ptr<net::ssl::context> tls_;
  std::unique_ptr<byte_stream> stream_;
  client_url url_;

  std::optional<parser> parser_;
  std::array<char, 16'384> chunk_{};
  std::string input_;          // read and not parsed yet
  clock::time_point progress_; // the last octet in either direction
  bool head_only_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool answered_ = false;
  bool heard_ = false;
  bool sent_ = false;
  bool timed_out_ = false;
  bool too_large_ = false;
  bool keep_alive_ = false;
  bool broken_ = false;
  std::string failure_text_;
};

} // namespace eventpulse::http

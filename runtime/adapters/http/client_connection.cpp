#include "runtime/adapters/http/client_connection.hpp"

#include <boost/asio/connect.hpp>

#include <openssl/ssl.h>

#include <sys/socket.h>

namespace eventpulse::http {

namespace beast_http = boost::beast::http;

client_connection::~client_connection() {
  close();
  if (reading_ || writing_) {
    io_.restart();
    io_.run();
  }
}

/// Runs until `done` says so or the deadline; false in the second case.
template <class Done>
bool client_connection::run(clock::time_point deadline, Done done) {
  while (!done()) {
    io_.restart();
    if (io_.run_one_until(deadline) == 0 && !done())
      return false;
  }
  return true;
}

result<void> client_connection::open(const client_url& url) {
  url_ = url;
  return connect(url, clock::now() + options_.connect_timeout);
}

result<void> client_connection::connect(const client_url& url,
                                        clock::time_point deadline) {
  tcp::resolver resolver{io_};
  tcp::socket socket{io_};
  error_code outcome;
  bool done = false;
  std::string step = "cannot resolve ";
  resolver.async_resolve(
      url.host, url.port,
      [&](error_code ec, const tcp::resolver::results_type& found) {
        outcome = ec;
        done = bool{ec};
        if (ec)
          return;
        step = "cannot connect to ";
        net::async_connect(socket, found,
                           [&](error_code failed, const tcp::endpoint&) {
                             outcome = failed;
                             done = true;
                           });
      });
  if (!run(deadline, [&] { return done; })) {
    resolver.cancel();
    error_code ignored;
    socket.close(ignored);
    run(clock::time_point::max(), [&] { return done; });
    return failure{errc::timed_out, step + url.authority + " in time"};
  }
  if (outcome)
    return failure{errc::unavailable,
                   step + url.authority + ": " + outcome.message()};
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  if (url.encrypted)
    return encrypt(std::move(socket), deadline);
  stream_ = make_plain_stream(std::move(socket));
  return {};
}

result<void> client_connection::encrypt(tcp::socket socket,
                                        clock::time_point deadline) {
  tls_ = std::make_unique<net::ssl::context>(net::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
  error_code ec;
  if (options_.ca_file.empty())
    tls_->set_default_verify_paths(ec);
  else
    tls_->load_verify_file(options_.ca_file, ec);
  if (ec)
    return failure{errc::invalid,
                   "cannot read the certificates that are trusted: " +
                       ec.message()};
  stream_ = make_tls_client_stream(std::move(socket), *tls_, url_.host);
  bool done = false;
  stream_->handshake([&](error_code outcome, size_t) {
    ec = outcome;
    done = true;
  });
  const bool in_time = run(deadline, [&] { return done; });
  if (!in_time) {
    close();
    run(clock::time_point::max(), [&] { return done; });
    return failure{errc::timed_out,
                   "no TLS handshake with " + url_.authority + " in time"};
  }
  if (ec)
    return failure{errc::unavailable, "no TLS handshake with " +
                                          url_.authority + ": " + ec.message()};
  return {};
}

bool client_connection::is_stale() {
  if (broken_ || reading_)
    return true;
  char octet = 0;
  const auto got = ::recv(stream_->socket().native_handle(), &octet, 1,
                          MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void client_connection::begin(bool head_only) {
  head_only_ = head_only;
  answered_ = heard_ = sent_ = timed_out_ = too_large_ = false;
  failure_text_.clear();
  input_.clear();
  progress_ = clock::now();
  new_parser();
  start_read();
}

void client_connection::new_parser() {
  parser_.emplace();
  parser_->body_limit(options_.body_bytes_max);
  parser_->header_limit(65'536);
  parser_->eager(true);
  parser_->skip(head_only_);
}

void client_connection::start_read() {
  reading_ = true;
  stream_->read_some(net::buffer(chunk_), [this](error_code ec, size_t count) {
    reading_ = false;
    on_read(ec, count);
  });
}

void client_connection::on_read(error_code ec, size_t count) {
  progress_ = clock::now();
  if (!ec) {
    heard_ = true;
    input_.append(chunk_.data(), count);
    feed();
  } else if (heard_ && parser_->is_header_done() && parser_->need_eof()) {
    // The end of the connection is the end of this answer (RFC 9112 6.3).
    error_code ignored;
    parser_->put_eof(ignored);
    answered_ = true;
    keep_alive_ = false;
  } else {
    fail("the connection was lost: " + ec.message());
  }
  if (!answered_ && !broken_)
    start_read();
}

// Beast wants the whole head in one piece, so what it did not take stays.
void client_connection::feed() {
  while (!parser_->is_done() && !input_.empty()) {
    error_code ec;
    input_.erase(0, parser_->put(net::buffer(input_), ec));
    if (ec == beast_http::error::need_more)
      return;
    if (ec) {
      too_large_ = ec == beast_http::error::body_limit;
      return fail("the answer cannot be read: " + ec.message());
    }
  }
  if (!parser_->is_done())
    return;
  if (parser_->get().result_int() / 100 == 1) {
    new_parser(); // An interim answer, such as 100 Continue.
    return feed();
  }
  answered_ = true;
  keep_alive_ = parser_->get().keep_alive() && input_.empty();
}

bool client_connection::send(std::string_view text) {
  bool done = false;
  error_code outcome;
  writing_ = true;
  sent_ = true;
  stream_->write({net::buffer(text), net::const_buffer{}},
                 [&](error_code ec, size_t) {
                   outcome = ec;
                   done = true;
                   writing_ = false;
                   progress_ = clock::now();
                 });
  while (!done && !answered_) {
    if (run(progress_ + options_.answer_timeout,
            [&] { return done || answered_; }))
      break;
    if (clock::now() < progress_ + options_.answer_timeout)
      continue; // Something came in meanwhile.
    timed_out_ = true;
    fail("the server takes nothing more");
    break;
  }
  if (!done) { // Nobody wants the rest, and the text must outlive the write.
    close();
    run(clock::time_point::max(), [&] { return done; });
    keep_alive_ = false;
  }
  return !outcome;
}

bool client_connection::finish() {
  while (!answered_ && !broken_) {
    if (run(progress_ + options_.answer_timeout,
            [&] { return answered_ || broken_; }))
      break;
    if (clock::now() < progress_ + options_.answer_timeout)
      continue;
    timed_out_ = true;
    fail("no answer in time");
  }
  return answered_;
}

void client_connection::fail(std::string why) {
  if (failure_text_.empty())
    failure_text_ = std::move(why);
  broken_ = true;
  close();
}

void client_connection::close() {
  broken_ = true;
  error_code ignored;
  if (stream_)
    stream_->socket().close(ignored);
}

client_response client_connection::take_answer() {
  auto message = parser_->release();
  client_response out;
  out.status = message.result_int();
  for (const auto& field : message.base())
    out.headers.emplace_back(std::string{field.name_string()},
                             std::string{field.value()});
  out.body = std::move(message.body());
  return out;
}

} // namespace eventpulse::http

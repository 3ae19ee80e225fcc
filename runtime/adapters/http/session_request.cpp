// The part of a session that reads requests, hands them over and answers.

#include "runtime/adapters/http/reply_slot.hpp"
#include "runtime/adapters/http/session.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace eventpulse::http {

namespace {

constexpr std::string_view go_on_text = "HTTP/1.1 100 Continue\r\n\r\n";

// More than any gap allows, and small enough for the arithmetic of clocks.
constexpr uint64_t earned_seconds_max = 7 * 86'400;

bool is_known_method(std::string_view method) {
  constexpr std::array<std::string_view, 7> known{
      "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return std::find(known.begin(), known.end(), method) != known.end();
}

/// GET, HEAD and OPTIONS change nothing, so a lost answer leaves no doubt.
bool is_safe_method(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

problem_type type_of_status(unsigned status) {
  switch (status) {
  case 400:
    return type_of(errc::malformed);
  case 413:
    return type_of(errc::too_large);
  case 408:
    return {408, "request_timeout", "the request came too slowly"};
  case 414:
    return {414, "target_too_long", "the request line is too long"};
  case 417:
    return {417, "expectation_failed", "an unknown expectation"};
  case 431:
    return {431, "head_too_large", "the header section is too large"};
  case 501:
    return {501, "not_implemented", "not something this server does"};
  case 505:
    return {505, "version_not_supported", "not an HTTP version of ours"};
  default:
    return type_of(errc::internal);
  }
}

} // namespace

void session::feed_head() {
  begin_ += head_reader_.consume(input());
  switch (head_reader_.now()) {
  case head_reader::state::more:
    return read();
  case head_reader::state::refused:
    return refuse(head_reader_.refusal());
  case head_reader::state::done:
    return on_head();
  }
}

void session::on_head() {
  first_ = false;
  started_ = clock::now();
  head_ = std::move(head_reader_.head());
  head_.request.remote = remote_;
  head_.request.encrypted = stream_->encrypted();
  request_ = std::make_shared<http_request>(std::move(head_.request));
  body_reader_ = body_reader{head_, {}};
  if (!is_known_method(request_->method))
    return refuse({501, "this method is not known here"});
  if (core_->hooks.body_mode_of) {
    try {
      mode_ = core_->hooks.body_mode_of(*request_);
    } catch (const std::exception&) {
      return refuse(errc::internal, "the request could not be routed");
    }
  }
  begin_body();
}

// The limits are known here: a body that is too large, or that nobody could
// take now, is refused before it is asked for or read.
void session::begin_body() {
  const auto& options = core_->options;
  body_limits limits;
  limits.bytes_max = mode_.bytes_max;
  if (mode_.bytes_max == 0)
    limits.bytes_max = mode_.streamed ? std::numeric_limits<uint64_t>::max()
                                      : options.body_bytes_max;
  limits.trailer_bytes_max = options.header_bytes_max;
  body_reader_ = body_reader{head_, limits};
  if (body_reader_.now() == body_reader::state::refused)
    return refuse(body_reader_.refusal());
  const bool asks = head_.expect == expectation::go_on;
  if ((asks || mode_.streamed) &&
      core_->exchanges >= options.exchanges_in_flight_max)
    return refuse(errc::overloaded, "too many requests are under way");
  phase_ = phase::body;
  body_clock_ = clock::now();
  if (asks && begin_ == end_)
    return write({net::buffer(go_on_text), net::const_buffer{}},
                 &session::feed_body);
  feed_body();
}

void session::feed_body() {
  const size_t body_max = mode_.streamed ? core_->options.stream_piece_bytes
                                         : std::numeric_limits<size_t>::max();
  const size_t before = body_.size();
  begin_ += body_reader_.consume(input(), body_, body_max);
  if (body_reader_.now() == body_reader::state::refused)
    return refuse(body_reader_.refusal());
  if (!mode_.streamed && !charge(body_.size() - before))
    return refuse(errc::overloaded, "too many bodies are under way");
  if (body_reader_.now() == body_reader::state::done)
    return dispatch(true);
  if (mode_.streamed && !body_.empty())
    return dispatch(false);
  arm(body_deadline());
  read();
}

/// Two rules, whichever comes first: no gap longer than body_timeout, and on
/// the average at least body_rate_min after a grace of body_timeout.
session::clock::time_point session::body_deadline() const {
  const auto& options = core_->options;
  const auto gap = clock::now() + options.body_timeout;
  if (options.body_rate_min == 0)
    return gap;
  const std::chrono::seconds earned{std::min<uint64_t>(
      body_reader_.received() / options.body_rate_min, earned_seconds_max)};
  return std::min(gap, body_clock_ + options.body_timeout + earned);
}

bool session::charge(size_t bytes) {
  charged_ += bytes;
  return (core_->buffered_bytes += bytes) <= core_->options.buffered_bytes_max;
}

void session::begin_exchange() {
  phase_ = phase::exchange;
  handed_over_ = clock::now();
  ++turn_;
  arm(handed_over_ + core_->options.reply_timeout);
}

void session::dispatch(bool last) {
  // Pieces after the first are never turned away: the lines before them are
  // decided already.
  const bool first_piece = body_reader_.received() == body_.size();
  exchange_open_ = true;
  if (core_->exchanges++ >= core_->options.exchanges_in_flight_max &&
      first_piece)
    return refuse(errc::overloaded, "too many requests are under way");
  if (last && is_socket())
    return ask_for_socket();
  handed_last_ = last;
  begin_exchange();
  http_exchange call;
  call.head = request_;
  call.body = std::move(body_);
  body_.clear();
  call.streamed = mode_.streamed;
  call.last = last;
  call.context = std::move(context_);
  call.reply = make_reply(weak_from_this(), turn_);
  try {
    core_->hooks.sink(std::move(call));
  } catch (const std::exception&) {
    ++turn_;
    refuse(errc::internal, "the request could not be handed over");
  }
}

void session::post_reply(uint64_t turn, http_reply reply) {
  net::post(deadline_.get_executor(), [weak = weak_from_this(), turn,
                                       answer = std::move(reply)]() mutable {
    if (auto self = weak.lock())
      self->on_reply(turn, std::move(answer));
  });
}

void session::post_dropped(uint64_t turn) {
  net::post(deadline_.get_executor(), [weak = weak_from_this(), turn] {
    if (auto self = weak.lock())
      self->on_dropped(turn);
  });
}

void session::on_reply(uint64_t turn, http_reply reply) {
  if (turn != turn_ || phase_ != phase::exchange)
    return; // It came after the 504, or the client is gone.
  ++turn_;
  if (auto* go_on = std::get_if<http_continue>(&reply))
    return on_continue(std::move(*go_on));
  end_exchange();
  respond(std::get<http_response>(std::move(reply)));
}

void session::on_continue(http_continue go_on) {
  end_exchange();
  if (handed_last_)
    return refuse(errc::internal, "the last piece was not answered");
  context_ = std::move(go_on.context);
  body_clock_ += clock::now() - handed_over_; // The wait was not the client's.
  phase_ = phase::body;
  feed_body();
}

void session::on_dropped(uint64_t turn) {
  if (turn != turn_ || phase_ != phase::exchange)
    return;
  ++turn_;
  end_exchange();
  refuse(is_safe_method(request_->method) ? errc::unavailable
                                          : errc::outcome_unknown,
         "what was to answer this has stopped");
}

void session::on_reply_timeout() {
  ++turn_;
  end_exchange();
  refuse(errc::timed_out, is_safe_method(request_->method)
                              ? ""
                              : "the request may still take effect");
}

void session::end_exchange() {
  if (exchange_open_)
    --core_->exchanges;
  exchange_open_ = false;
}

void session::refuse(const violation& wrong) {
  auto answer = to_http(type_of_status(wrong.status), wrong.detail);
  answer.close = true;
  respond(std::move(answer));
}

void session::refuse(errc code, std::string_view detail) {
  respond(to_http(failure{code, std::string{detail}}));
}

// The connection stays only where the whole request has been read: what follows
// an unread body would be taken for the next request.
void session::respond(http_response response) {
  end_exchange();
  const bool whole = request_ && body_reader_.now() == body_reader::state::done;
  answer_context context;
  context.keep_alive =
      whole && head_.keep_alive && !response.close && !core_->draining;
  context.head_only = request_ && request_->method == "HEAD";
  context.minor = head_.minor;
  context.now = std::chrono::system_clock::now();
  head_.keep_alive = context.keep_alive;
  answer_ = write_answer(std::move(response), context);
  body_.clear();
  body_.shrink_to_fit();
  core_->buffered_bytes -= charged_;
  charged_ = 0;
  context_.reset();
  phase_ = phase::writing;
  write({net::buffer(answer_.head), net::buffer(answer_.body)},
        &session::on_answered);
}

void session::report(unsigned status, uint64_t bytes_out) {
  if (!core_->hooks.observer)
    return;
  request_report done;
  if (request_) {
    done.method = request_->method;
    done.path = request_->path;
    done.duration = clock::now() - started_;
    done.bytes_in = body_reader_.received();
  }
  done.status = status;
  done.bytes_out = bytes_out;
  core_->hooks.observer->request_done(done);
}

void session::on_answered() {
  report(answer_.status, answer_.head.size() + answer_.body.size());
  answer_ = {};
  if (head_.keep_alive && request_)
    return next_request();
  hang_up();
}

} // namespace eventpulse::http

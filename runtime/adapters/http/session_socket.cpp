// The part of a session that makes a WebSocket of its connection. The session
// stays: it is what the server counts, drains and stops.

#include "runtime/adapters/http/reply_slot.hpp"
#include "runtime/adapters/http/session.hpp"
#include "runtime/adapters/http/upgrade.hpp"
#include "runtime/adapters/http/web_socket_session.hpp"

namespace eventpulse::http {

bool session::is_socket() {
  const auto& hooks = core_->hooks;
  return hooks.socket_sink && hooks.is_socket && hooks.is_socket(*request_);
}

void session::ask_for_socket() {
  if (auto wrong = check_upgrade(*request_, head_.minor))
    return respond(std::move(*wrong));
  begin_exchange();
  web_socket_request call;
  call.head = request_;
  call.reply = make_socket_reply(weak_from_this(), turn_);
  try {
    core_->hooks.socket_sink(std::move(call));
  } catch (const std::exception&) {
    ++turn_;
    refuse(errc::internal, "the request could not be handed over");
  }
}

void session::post_reply(uint64_t turn, web_socket_reply reply) {
  net::post(deadline_.get_executor(), [weak = weak_from_this(), turn,
                                       answer = std::move(reply)]() mutable {
    if (auto self = weak.lock())
      self->on_socket_reply(turn, std::move(answer));
  });
}

void session::on_socket_reply(uint64_t turn, web_socket_reply reply) {
  if (turn != turn_ || phase_ != phase::exchange)
    return; // It came after the 504, or the client is gone.
  ++turn_;
  end_exchange();
  if (auto* refusal = std::get_if<http_response>(&reply))
    return respond(std::move(*refusal));
  if (core_->draining)
    return refuse(errc::shutting_down, "");
  upgrade(std::get<web_socket_accept>(std::move(reply)));
}

void session::upgrade(web_socket_accept accepted) {
  disarm();
  phase_ = phase::upgraded;
  report(101, 0);
  socket_ = std::make_shared<web_socket_session>(
      web_socket_session::connection{
          *stream_, weak_from_this(), core_, std::string{input()},
          [self = shared_from_this()](web_socket_session::state left) {
            self->socket_.reset();
            if (self->phase_ == phase::closed)
              return;
            if (left == web_socket_session::state::quiet)
              self->hang_up();
            else
              self->close_now();
          }},
      accepted.options, std::move(accepted.listener));
  socket_->run(*request_);
}

} // namespace eventpulse::http

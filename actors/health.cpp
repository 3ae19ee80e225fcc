#include "actors/health.hpp"

#include "messages/problem.hpp"
#include "messages/protocols/errors.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>

namespace eventpulse {

using namespace std::chrono_literals;

health_actor::behavior_type health_state::start(health_setup setup) {
  setup_ = std::move(setup);
  self_->set_error_handler([](caf::error&) {});
  caf::anon_send(setup_.directory, follow_atom::value,
                 std::string("stream_writer"),
                 caf::actor_cast<caf::actor>(self_));
  return {
      [this](const http_exchange& call) { handle(call); },
      [this](report_atom, const std::string& part, const std::string& why) {
        setup_.parts->report(part, why);
      },
      [this](found_atom, const std::string&, const caf::actor& who) {
        writer_ = caf::actor_cast<stream_writer_actor>(who);
      },
  };
}

void health_state::handle(const http_exchange& call) {
  auto& head = *call.head;
  if (head.method != "GET" && head.method != "HEAD") {
    auto answer = to_http(problem_type{405, "method-not-allowed",
                                       "the method is not allowed here"},
                          "allowed: GET, HEAD");
    answer.headers.emplace_back("Allow", "GET, HEAD");
    return call.reply(std::move(answer));
  }
  if (head.path == "/healthz")
    return call.reply(
        http_response{200, "application/json", "{\"status\":\"ok\"}\n", {}});
  if (head.path == "/readyz")
    return ready(call);
  if (head.path == "/metrics" && setup_.meters)
    return call.reply(http_response{200,
                                    "text/plain; version=0.0.4; charset=utf-8",
                                    setup_.meters->scrape(),
                                    {}});
  call.reply(to_http(failure{errc::not_found, "no route " + head.path}));
}

void health_state::ready(const http_exchange& call) {
  if (!setup_.asks_stream)
    return call.reply(answer());
  if (!writer_) {
    setup_.parts->report("stream", "starting");
    return call.reply(answer());
  }
  self_->request(writer_, 2s, probe_atom::value)
      .then(
          [this, call](caf::ok_atom) {
            setup_.parts->report("stream", "");
            call.reply(answer());
          },
          [this, call](caf::error& e) {
            setup_.parts->report("stream", to_string(to_failure(e)));
            call.reply(answer());
          });
}

http_response health_state::answer() const {
  boost::json::object reasons;
  for (auto& [part, why] : setup_.parts->reasons())
    reasons[part] = why;
  bool is_ready = reasons.empty();
  boost::json::object body{{"status", is_ready ? "ready" : "not ready"},
                           {"reasons", std::move(reasons)}};
  return {is_ready ? 200u : 503u,
          "application/json",
          boost::json::serialize(body) + '\n',
          {}};
}

health_actor::behavior_type
health(health_actor::stateful_pointer<health_state> self,
       const health_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

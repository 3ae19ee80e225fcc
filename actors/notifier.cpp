#include "actors/notifier.hpp"

#include "actors/metered.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/trace_stage.hpp"
#include "runtime/core/delivery/secret_rotation.hpp"
#include "runtime/core/delivery/sign.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

/// Under which the receiver goes on.
std::string attempt_context(const delivery& d, uint32_t number) {
  return trace_stage::attempt(trace_stage::alert(d.traceparent, d.alert), d.id,
                              number);
}

} // namespace

notifier_actor::behavior_type notifier_state::start(notifier_setup setup) {
  setup_ = std::move(setup);
  auto* meters = setup_.meters;
  ledger_ = setup_.detached
                ? spawn_metered<caf::linked + caf::detached>(
                      *self_, meters, "ledger", ledger, setup_.book)
                : spawn_metered<caf::linked>(*self_, meters, "ledger", ledger,
                                             setup_.book);
  self_->set_error_handler([](caf::error&) {});
  caf::anon_send(setup_.directory, announce_atom::value,
                 std::string("notifier"), caf::actor_cast<caf::actor>(self_));
  self_->send(self_, sweep_atom::value);
  return {
      [this](wake_atom, const text_list& ids) { take(ids); },
      [this](sweep_atom) {
        sweep();
        self_->delayed_send(self_, setup_.sweep_interval, sweep_atom::value);
      },
      [this](answer_atom, const std::string& id,
             const outbound_answer_ptr& answer) { answered(id, *answer); },
  };
}

size_t notifier_state::room() const {
  auto used = in_flight_.size() + asked_;
  return limits::deliveries_in_flight_max -
         std::min(used, limits::deliveries_in_flight_max);
}

/// Those that were just committed; what does not fit goes back at once.
void notifier_state::take(const text_list& ids) {
  auto count = std::min(room(), ids->size());
  auto split = ids->begin() + static_cast<ptrdiff_t>(count);
  if (split != ids->end())
    caf::anon_send(ledger_, release_atom::value,
                   share(std::vector<std::string>(split, ids->end())));
  if (count == 0)
    return;
  asked_ += count;
  self_
      ->request(ledger_, caf::infinite, take_atom::value,
                share(std::vector<std::string>(ids->begin(), split)))
      .then(
          [this, count](const due_deliveries& due) {
            asked_ -= count;
            send_all(due);
          },
          [this, count](caf::error& e) {
            asked_ -= count; // the sweep finds them
            setup_.log.warn("deliveries_not_taken",
                            {{"reason", to_string(to_failure(e))}});
          });
}

void notifier_state::sweep() {
  auto count = room();
  if (count == 0 || std::exchange(sweeping_, true))
    return;
  asked_ += count;
  self_
      ->request(ledger_, caf::infinite, claim_atom::value, setup_.kind,
                static_cast<uint32_t>(count))
      .then(
          [this, count](const due_deliveries& due) {
            asked_ -= count;
            sweeping_ = false;
            send_all(due);
          },
          [this, count](caf::error& e) {
            asked_ -= count;
            sweeping_ = false;
            setup_.log.warn("sweep_failed",
                            {{"reason", to_string(to_failure(e))}});
          });
}

void notifier_state::send_all(const due_deliveries& due) {
  for (auto& one : *due)
    if (!in_flight_.contains(one.what.id))
      send(one);
}

void notifier_state::send(const due_delivery& due) {
  if (in_flight_.contains(due.what.id))
    return; // its lease ran out while its attempt was being recorded
  auto now = setup_.surroundings->now_ms();
  in_flight_[due.what.id] = {due.what, due.channel, now,
                             setup_.traces.now_ns()};
  auto signature = signatures_of(signing_secrets(due.channel, now), due.what.id,
                                 now / 1000, due.what.body);
  if (!signature) {
    outbound_answer refused;
    refused.error = to_string(signature.error());
    return answered(due.what.id, refused);
  }
  outbound_request request;
  request.url = due.channel.url;
  request.body = due.what.body;
  request.timeout = setup_.timeout;
  request.headers = {{"Content-Type", "application/json"},
                     {"User-Agent", setup_.user_agent},
                     {"webhook-id", due.what.id},
                     {"webhook-timestamp", std::to_string(now / 1000)},
                     {"webhook-signature", *signature}};
  if (!trace_stage::trace_id(due.what.traceparent).empty()) {
    request.headers.emplace_back(
        "traceparent", attempt_context(due.what, due.what.attempt_count + 1));
    if (!due.what.tracestate.empty())
      request.headers.emplace_back("tracestate", due.what.tracestate);
  }
  setup_.log.with_trace(due.what.traceparent)
      .debug("delivery_sent",
             {{"delivery", due.what.id}, {"channel", due.what.channel}});
  auto me = caf::actor_cast<caf::actor_addr>(self_);
  setup_.out->send(
      std::move(request), [me, id = due.what.id](outbound_answer answer) {
        if (auto alive = caf::actor_cast<caf::actor>(me))
          caf::anon_send(caf::actor_cast<notifier_actor>(alive),
                         answer_atom::value, id, share(std::move(answer)));
      });
}

void notifier_state::answered(const std::string& id,
                              const outbound_answer& answer) {
  auto found = in_flight_.find(id);
  if (found == in_flight_.end())
    return;
  if (!answer.sent) { // no attempt: another sweep takes it
    caf::anon_send(ledger_, release_atom::value,
                   share(std::vector<std::string>{id}));
    in_flight_.erase(found);
    return;
  }
  auto& f = found->second;
  auto now = setup_.surroundings->now_ms();
  uint64_t chance = 0;
  setup_.surroundings->random(&chance, sizeof chance);
  recorded_attempt done;
  done.what.delivery = id;
  done.what.number = f.what.attempt_count + 1;
  done.what.started_at_ms = f.started_at_ms;
  done.what.duration_ms = answer.duration.count();
  done.what.status = answer.status;
  done.what.error = answer.error;
  done.what.answer_excerpt =
      answer.body_excerpt.substr(0, limits::answer_excerpt_bytes_max);
  static const retry_schedule once{{std::chrono::milliseconds(0)}};
  done.verdict =
      judge(answer, done.what.number - f.what.attempts_before,
            f.what.type == channel_test_type ? once : setup_.schedule, now,
            static_cast<double>(chance >> 11) * 0x1.0p-53);
  auto log = setup_.log.with_trace(f.what.traceparent);
  if (done.verdict.state == delivery_state::delivered)
    log.info("delivered", {{"delivery", id},
                           {"channel", f.what.channel},
                           {"attempt", done.what.number},
                           {"status", answer.status}});
  else
    log.warn("delivery_attempt_failed", {{"delivery", id},
                                         {"channel", f.what.channel},
                                         {"attempt", done.what.number},
                                         {"status", answer.status},
                                         {"reason", answer.error}});
  count(f.what, done, now);
  trace(f, done.what);
  self_
      ->request(ledger_, caf::infinite, record_atom::value,
                share(std::vector<recorded_attempt>{done}))
      .then([this, id](caf::ok_atom) { in_flight_.erase(id); },
            [this, id](caf::error&) { in_flight_.erase(id); });
}

void notifier_state::trace(const flight& f, const attempt& done) const {
  if (!setup_.traces.wants(f.what.traceparent))
    return;
  auto is_delivered = done.status >= 200 && done.status < 300;
  auto why = done.error.empty() ? "HTTP status " + std::to_string(done.status)
                                : done.error;
  setup_.traces.record(
      {"deliver " + f.what.channel,
       span_kind::client,
       attempt_context(f.what, done.number),
       trace_stage::alert(f.what.traceparent, f.what.alert),
       f.started_ns,
       setup_.traces.now_ns(),
       {{"http.request.method", std::string("POST")},
        {"http.response.status_code", static_cast<int64_t>(done.status)},
        {"eventpulse.channel", f.what.channel},
        {"eventpulse.delivery", f.what.id},
        {"eventpulse.attempt", static_cast<int64_t>(done.number)}},
       is_delivered ? "" : why});
}

void notifier_state::count(const delivery& d, const recorded_attempt& done,
                           int64_t now_ms) {
  if (!setup_.meters)
    return;
  auto outcome = delivery_outcome::retried;
  if (done.verdict.state == delivery_state::delivered)
    outcome = delivery_outcome::delivered;
  else if (done.verdict.state == delivery_state::failed)
    outcome = delivery_outcome::failed;
  auto channel = setup_.meters->channel(d.channel);
  channel.attempt(outcome);
  if (outcome == delivery_outcome::delivered) {
    open_circuits_.erase(d.channel);
  } else if (done.verdict.disable_channel) {
    channel.set_circuit_open(true);
    open_circuits_.insert_or_assign(d.channel, std::move(channel));
  }
  setup_.meters->delivery().delivery_seconds.Observe(
      static_cast<double>(done.what.duration_ms) / 1000.0);
  if (outcome == delivery_outcome::delivered)
    setup_.meters->end_to_end().alert_to_delivery_seconds.Observe(
        static_cast<double>(now_ms - d.created_at_ms) / 1000.0);
}

notifier_actor::behavior_type
notifier(notifier_actor::stateful_pointer<notifier_state> self,
         const notifier_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

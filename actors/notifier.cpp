#include "actors/notifier.hpp"

#include "messages/protocols/errors.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/delivery/secret_rotation.hpp"
#include "runtime/core/delivery/sign.hpp"
#include "runtime/core/intake/trace_context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

notifier_actor::behavior_type notifier_state::start(notifier_setup setup) {
  setup_ = std::move(setup);
  ledger_ = setup_.detached
                ? self_->spawn<caf::linked + caf::detached>(ledger, setup_.book)
                : self_->spawn<caf::linked>(ledger, setup_.book);
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
  if (setup_.meters)
    setup_.meters->delivery().delivery_queue.Set(
        static_cast<double>(in_flight_.size()));
}

void notifier_state::send(const due_delivery& due) {
  if (in_flight_.contains(due.what.id))
    return; // its lease ran out while its attempt was being recorded
  auto now = setup_.surroundings->now_ms();
  in_flight_[due.what.id] = {due.what, due.channel, now};
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
  if (auto parent = intake::parse_traceparent(due.what.traceparent)) {
    intake::trace_random random{};
    setup_.surroundings->random(random.data(), random.size());
    request.headers.emplace_back(
        "traceparent",
        intake::format_traceparent(intake::child_of(*parent, random)));
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
  self_
      ->request(ledger_, caf::infinite, record_atom::value,
                share(std::vector<recorded_attempt>{done}))
      .then([this, id](caf::ok_atom) { in_flight_.erase(id); },
            [this, id](caf::error&) { in_flight_.erase(id); });
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
  setup_.meters->channel(d.channel).attempt(outcome);
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

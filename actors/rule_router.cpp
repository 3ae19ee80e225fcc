#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace eventpulse {

rule_router_state::~rule_router_state() {
  // The readers keep what is not answered and tell the next router.
  for (auto& [batch, answer] : batches_)
    answer.deliver(make_error(errc::unavailable));
  for (auto& part : work_)
    if (auto* end = std::get_if<batch_end>(&part))
      owed_.push_back(end->answer);
  for (auto& answer : owed_)
    answer.deliver(make_error(errc::unavailable));
}

rule_router_actor::behavior_type
rule_router_state::start(rule_router_setup setup) {
  setup_ = std::move(setup);
  self_->set_error_handler([](caf::error&) {});
  auto me = caf::actor_cast<caf::actor>(self_);
  caf::anon_send(setup_.directory, announce_atom::value,
                 std::string("rule_router"), me);
  caf::anon_send(setup_.directory, follow_atom::value,
                 std::string("partition_reader/0"), me);
  self_
      ->request(setup_.evaluators, caf::infinite, subscribe_atom::value,
                caf::actor_cast<child_listener>(self_))
      .then([] {}, [this](caf::error& e) { self_->quit(e); });
  self_->delayed_send(self_, setup_.cursor_interval, house_atom::value);
  self_->delayed_send(self_, setup_.snapshot_interval, snapshot_atom::value);
  load();
  return {
      [this](batch_atom, const persisted_batch_ptr& batch) {
        auto answer = self_->make_response_promise<caf::ok_atom>();
        if (live_)
          take_batch(*batch, answer);
        else
          batches_.emplace_back(batch, answer);
        return answer;
      },
      [this](up_atom, const std::string& child, uint64_t,
             const caf::actor& actor) { child_up(child, actor); },
      [this](down_atom, const std::string& child, uint64_t,
             const caf::error& why) { child_down(child, why); },
      [this](parked_atom, const std::string& child, const caf::error& why) {
        child_parked(child, why);
      },
      [this](found_atom, const std::string&, const caf::actor& reader) {
        reader_ = caf::actor_cast<partition_reader_actor>(reader);
        wished_ms_ = 0;
        wish_clock();
      },
      [this](house_atom) {
        house();
        self_->delayed_send(self_, setup_.cursor_interval, house_atom::value);
      },
      [this](snapshot_atom) {
        snapshots();
        self_->delayed_send(self_, setup_.snapshot_interval,
                            snapshot_atom::value);
      },
  };
}

rule_router_actor::behavior_type
rule_router(rule_router_actor::stateful_pointer<rule_router_state> self,
            const rule_router_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

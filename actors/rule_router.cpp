#include "actors/rule_router.hpp"

#include "messages/protocols/errors.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace eventpulse {

rule_router_state::~rule_router_state() {
  give_back();
}

rule_router_actor::behavior_type
rule_router_state::start(rule_router_setup setup) {
  setup_ = std::move(setup);
  self_->set_error_handler([](caf::error&) {});
  self_->set_exit_handler([this](caf::exit_msg& e) { end(e); });
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
        if (ending_)
          answer.deliver(make_error(errc::unavailable));
        else if (live_)
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
        end_further();
        self_->delayed_send(self_, setup_.cursor_interval, house_atom::value);
      },
      [this](snapshot_atom) {
        if (!ending_)
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

#include "actors/lease_keeper.hpp"

#include "messages/protocols/errors.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace eventpulse {

lease_keeper_state::~lease_keeper_state() {
  give_back();
}

lease_keeper_actor::behavior_type
lease_keeper_state::start(lease_keeper_setup setup) {
  setup_ = std::move(setup);
  store_ = setup_.open_store();
  self_->set_error_handler([](caf::error&) {});
  self_->set_down_handler([this](caf::down_msg& d) { down(d); });
  self_->set_exit_handler([this](caf::exit_msg& e) { stop(e.reason); });
  caf::anon_send(setup_.directory, announce_atom::value,
                 std::string("lease_keeper"),
                 caf::actor_cast<caf::actor>(self_));
  self_->send(self_, renew_atom::value);
  self_->delayed_send(self_, setup_.renew_interval, house_atom::value);
  return {
      [this](renew_atom) { tick(); },
      [this](house_atom) {
        tick();
        self_->delayed_send(self_, setup_.renew_interval, house_atom::value);
      },
  };
}

void lease_keeper_state::tick() {
  if (stopping_ && !ending_)
    return; // one is lost: the others go when all has stopped
  if (guarded_ || ending_)
    renew(); // also while it drains
  else
    acquire();
}

void lease_keeper_state::acquire() {
  for (auto& lease : setup_.names) {
    if (held_.contains(lease))
      continue;
    auto got = store_->acquire(lease, setup_.owner, setup_.ttl);
    if (!got) {
      setup_.log.warn("lease_not_asked",
                      {{"lease", lease}, {"reason", to_string(got.error())}});
      return tell(to_string(got.error()));
    }
    tell("");
    if (!*got) {
      if (!std::exchange(standby_said_, true))
        setup_.log.info("standby", {{"lease", lease}});
      return renew(); // keeps those that it has
    }
    held_[lease] = **got;
    setup_.log.info("lease_taken",
                    {{"lease", lease}, {"epoch", (*got)->epoch}});
  }
  standby_said_ = false;
  guarded_ = setup_.start_guarded(self_, held_);
  self_->monitor(guarded_);
  setup_.changed(true);
}

void lease_keeper_state::renew() {
  for (auto& [lease, token] : held_) {
    auto renewed = store_->renew(token, setup_.ttl);
    if (renewed) {
      tell("");
      continue;
    }
    if (renewed.error().code == errc::fenced)
      return lose(lease);
    // Nobody can take over from a database that does not answer.
    setup_.log.warn("lease_not_renewed",
                    {{"lease", lease}, {"reason", to_string(renewed.error())}});
    return tell(to_string(renewed.error()));
  }
}

void lease_keeper_state::tell(const std::string& why) const {
  if (setup_.store_state)
    setup_.store_state(why);
}

void lease_keeper_state::lose(const std::string& lease) {
  setup_.log.error("lease_lost", {{"lease", lease}});
  held_.erase(lease);
  if (!guarded_)
    return;
  stopping_ = true;
  setup_.changed(false);
  self_->send_exit(guarded_, caf::exit_reason::user_shutdown);
}

void lease_keeper_state::down(const caf::down_msg& d) {
  if (!guarded_ || d.source != guarded_.address())
    return;
  guarded_ = nullptr;
  setup_.changed(false);
  if (ending_)
    return self_->quit(end_reason_);
  if (std::exchange(stopping_, false)) {
    give_back(); // all or none: another worker can have them
    return;
  }
  setup_.log.error("guarded_failed",
                   {{"reason", to_string(to_failure(d.reason))}});
  self_->quit(d.reason ? d.reason : make_error(errc::internal));
}

void lease_keeper_state::stop(const caf::error& why) {
  ending_ = true;
  end_reason_ = why;
  if (!guarded_)
    return self_->quit(why);
  if (!std::exchange(stopping_, true))
    self_->send_exit(guarded_, caf::exit_reason::user_shutdown);
}

void lease_keeper_state::give_back() {
  if (store_)
    for (auto& [lease, token] : held_)
      if (auto released = store_->release(token); !released)
        setup_.log.warn(
            "lease_not_released",
            {{"lease", lease}, {"reason", to_string(released.error())}});
  held_.clear();
}

lease_keeper_actor::behavior_type
lease_keeper(lease_keeper_actor::stateful_pointer<lease_keeper_state> self,
             const lease_keeper_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

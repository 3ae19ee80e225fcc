#include "actors/key_keeper.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

/// A Redis that came back empty is told again, about once a minute.
constexpr unsigned mirror_again_loads = 60;

} // namespace

key_keeper_actor::behavior_type
key_keeper_state::start(key_keeper_setup setup) {
  setup_ = std::move(setup);
  store_ = setup_.open_store();
  mirror_ = setup_.open_mirror();
  self_->set_error_handler([](caf::error&) {});
  self_->set_down_handler([this](caf::down_msg& d) {
    std::erase_if(followers_,
                  [&](const caf::actor& f) { return f.address() == d.source; });
  });
  caf::anon_send(setup_.directory, announce_atom::value,
                 std::string("key_keeper"), caf::actor_cast<caf::actor>(self_));
  self_->send(self_, load_atom::value);
  return {
      [this](load_atom) {
        load();
        self_->delayed_send(self_, setup_.interval, load_atom::value);
      },
      [this](hint_atom) {
        load();
        return caf::ok_atom::value;
      },
      [this](follow_atom, const caf::actor& follower) {
        self_->monitor(follower);
        followers_.push_back(follower);
        if (keys_)
          caf::anon_send(follower, keys_atom::value, keys_);
      },
  };
}

void key_keeper_state::load() {
  auto stored = store_->load();
  if (stored) {
    if (std::exchange(store_away_, false))
      setup_.log.info("keys_from_database");
    adopt(std::move(stored).value());
    return mirror();
  }
  if (!std::exchange(store_away_, true))
    setup_.log.warn("keys_from_mirror",
                    {{"reason", to_string(stored.error())}});
  auto mirrored = mirror_->load();
  if (mirrored && (!keys_ || mirrored->version > keys_->version))
    adopt(std::move(mirrored).value());
}

void key_keeper_state::mirror() {
  if (mirrored_ == keys_->version && ++loads_mirrored_ < mirror_again_loads)
    return;
  if (!mirror_->store(*keys_))
    return;
  mirrored_ = keys_->version;
  loads_mirrored_ = 0;
}

void key_keeper_state::adopt(key_set&& keys) {
  if (keys_ && keys_->version == keys.version)
    return;
  keys_ = std::make_shared<const key_set>(std::move(keys));
  if (setup_.known)
    setup_.known();
  for (auto& follower : followers_)
    caf::anon_send(follower, keys_atom::value, keys_);
}

key_keeper_actor::behavior_type
key_keeper(key_keeper_actor::stateful_pointer<key_keeper_state> self,
           const key_keeper_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

#include "actors/schema_keeper.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace eventpulse {

namespace {

/// A Redis that came back empty is told again, about once a minute.
constexpr unsigned mirror_again_loads = 60;

} // namespace

schema_keeper_actor::behavior_type
schema_keeper_state::start(schema_keeper_setup setup) {
  setup_ = std::move(setup);
  store_ = setup_.open_store();
  mirror_ = setup_.open_mirror();
  self_->set_error_handler([](caf::error&) {});
  self_->set_down_handler([this](caf::down_msg& d) {
    std::erase_if(followers_,
                  [&](const caf::actor& f) { return f.address() == d.source; });
  });
  caf::anon_send(setup_.directory, announce_atom::value,
                 std::string("schema_keeper"),
                 caf::actor_cast<caf::actor>(self_));
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
        if (schemas_)
          caf::anon_send(follower, types_atom::value, schemas_);
      },
  };
}

void schema_keeper_state::load() {
  auto known = store_asked_ ? std::optional{stored_.version} : std::nullopt;
  auto changed = store_->load(known);
  if (changed) {
    if (std::exchange(store_away_, false))
      setup_.log.info("event_types_from_database");
    if (*changed) {
      stored_ = std::move(**changed);
      store_asked_ = true;
    }
    adopt(stored_);
    return mirror();
  }
  if (!std::exchange(store_away_, true))
    setup_.log.warn("event_types_from_mirror",
                    {{"reason", to_string(changed.error())}});
  auto mirrored = mirror_->load();
  if (mirrored && (!schemas_ || mirrored->version > schemas_->version))
    adopt(*mirrored);
}

void schema_keeper_state::mirror() {
  if (mirrored_ == stored_.version && ++loads_mirrored_ < mirror_again_loads)
    return;
  if (!mirror_->store(stored_))
    return;
  mirrored_ = stored_.version;
  loads_mirrored_ = 0;
}

void schema_keeper_state::adopt(const event_type_set& types) {
  if (schemas_ && schemas_->version == types.version)
    return;
  schemas_ = schema::compile_all(types, schemas_);
  for (auto& [type, typed] : schemas_->by_type)
    if (!typed.schema)
      setup_.log.error("event_type_unusable",
                       {{"type", type}, {"reason", typed.fault}});
  if (setup_.known)
    setup_.known();
  for (auto& follower : followers_)
    caf::anon_send(follower, types_atom::value, schemas_);
}

schema_keeper_actor::behavior_type
schema_keeper(schema_keeper_actor::stateful_pointer<schema_keeper_state> self,
              const schema_keeper_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

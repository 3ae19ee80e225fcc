#include "actors/directory.hpp"

#include "actors/metered.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <vector>

namespace eventpulse {

namespace {

struct directory_state {
  static inline const char* name = "directory";
  using pointer = directory_actor::stateful_pointer<directory_state>;

  explicit directory_state(pointer me) : self(me) {}

  void announce(const std::string& bearer_name, const caf::actor& bearer) {
    bearers[bearer_name] = bearer.address();
    for (auto& weak : followers[bearer_name])
      if (auto follower = caf::actor_cast<caf::actor>(weak))
        caf::anon_send(follower, found_atom::value, bearer_name, bearer);
  }

  void follow(const std::string& bearer_name, const caf::actor& follower) {
    followers[bearer_name].push_back(follower.address());
    self->monitor(follower);
    auto found = bearers.find(bearer_name);
    if (found == bearers.end())
      return;
    if (auto bearer = caf::actor_cast<caf::actor>(found->second))
      caf::anon_send(follower, found_atom::value, bearer_name, bearer);
  }

  void forget(const caf::actor_addr& gone) {
    for (auto& [bearer_name, list] : followers)
      std::erase(list, gone);
  }

  pointer self;
  std::map<std::string, caf::actor_addr> bearers;
  std::map<std::string, std::vector<caf::actor_addr>> followers;
};

directory_actor::behavior_type
directory(directory_actor::stateful_pointer<directory_state> self) {
  self->set_down_handler(
      [self](caf::down_msg& d) { self->state.forget(d.source); });
  self->set_error_handler([](caf::error&) {});
  return {
      [self](announce_atom, const std::string& name, const caf::actor& who) {
        self->state.announce(name, who);
      },
      [self](follow_atom, const std::string& name, const caf::actor& who) {
        self->state.follow(name, who);
      },
  };
}

} // namespace

directory_actor spawn_directory(caf::actor_system& system, metrics* meters) {
  return spawn_metered(system, meters, "directory", directory);
}

} // namespace eventpulse

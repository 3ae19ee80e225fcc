#pragma once
// The lease_keeper: holds every lease of this worker, and starts what they
// guard when it has them all. While another worker holds one, this one stands
// by and asks again. A lease that is lost stops what it guarded; the fence in
// every transaction has ended its right to write already. What it guards
// failing for good ends the keeper, so that its own supervisor decides.
// Detached. On its end the leases are given back.

#include "messages/lease.hpp"
#include "messages/protocols/directory.hpp"
#include "messages/protocols/lease_keeper.hpp"
#include "runtime/ports/lease_store.hpp"
#include "runtime/telemetry/log.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse {

using lease_tokens = std::map<std::string, lease_token>; // by name

struct lease_keeper_setup {
  std::function<std::unique_ptr<lease_store>()> open_store;
  std::vector<std::string> names; // "evaluation", "p0", …
  std::string owner;
  std::chrono::milliseconds ttl{10'000};
  std::chrono::milliseconds renew_interval{3'000};
  /// Starts what the leases guard, as a child of the keeper.
  std::function<caf::actor(caf::local_actor* keeper, const lease_tokens&)>
      start_guarded;
  std::function<void(bool held)> changed; // for readiness
  /// The store cannot be asked, and why; empty: it can again. May be empty.
  std::function<void(const std::string& why)> store_state;
  directory_actor directory;
  logger log;
};

class lease_keeper_state {
public:
  static inline const char* name = "lease_keeper";
  using pointer = lease_keeper_actor::stateful_pointer<lease_keeper_state>;

  explicit lease_keeper_state(pointer self) : self_(self) {}
  ~lease_keeper_state();

  lease_keeper_actor::behavior_type start(lease_keeper_setup setup);

private:
  void tick();
  void acquire();
  void renew();
  void lose(const std::string& lease);
  void tell(const std::string& why) const;
  void give_back();
  void down(const caf::down_msg& d);
  void stop(const caf::error& why);

  pointer self_;
  lease_keeper_setup setup_;
  std::unique_ptr<lease_store> store_;
  lease_tokens held_;
  caf::actor guarded_;    // runs only while all leases are held
  bool stopping_ = false; // guarded_ was told to end
  bool ending_ = false;   // and then so do we
  caf::error end_reason_;
  bool standby_said_ = false;
};

lease_keeper_actor::behavior_type
lease_keeper(lease_keeper_actor::stateful_pointer<lease_keeper_state> self,
             const lease_keeper_setup& setup);

} // namespace eventpulse

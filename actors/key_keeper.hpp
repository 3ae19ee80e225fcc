#pragma once
// The key_keeper: knows the API keys. PostgreSQL is asked every second, so a
// revoked key stops working well within five; what it says is mirrored in
// Redis. While PostgreSQL is away the mirror is the source, also right after a
// start. With neither, the last known keys stay in force. Detached.

#include "messages/protocols/directory.hpp"
#include "messages/protocols/key_keeper.hpp"
#include "runtime/ports/key_store.hpp"
#include "runtime/telemetry/log.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace eventpulse {

struct key_keeper_setup {
  std::function<std::unique_ptr<key_store>()> open_store;
  std::function<std::unique_ptr<key_mirror>()> open_mirror;
  std::chrono::milliseconds interval{1'000};
  std::function<void()> known; // keys are known now; may be empty
  directory_actor directory;
  logger log;
};

class key_keeper_state {
public:
  static inline const char* name = "key_keeper";
  using pointer = key_keeper_actor::stateful_pointer<key_keeper_state>;

  explicit key_keeper_state(pointer self) : self_(self) {}

  key_keeper_actor::behavior_type start(key_keeper_setup setup);

private:
  void load();
  void mirror();
  void adopt(key_set&& keys);

  pointer self_;
  key_keeper_setup setup_;
  std::unique_ptr<key_store> store_;
  std::unique_ptr<key_mirror> mirror_;
  key_set_ptr keys_;            // null until anybody told
  int64_t mirrored_ = -1;       // the version the mirror has from us
  unsigned loads_mirrored_ = 0; // since the mirror was last told
  bool store_away_ = false;     // said so in the log
  std::vector<caf::actor> followers_;
};

key_keeper_actor::behavior_type
key_keeper(key_keeper_actor::stateful_pointer<key_keeper_state> self,
           const key_keeper_setup& setup);

} // namespace eventpulse

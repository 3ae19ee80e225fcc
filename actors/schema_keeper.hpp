#pragma once
// The schema_keeper: knows the schemas of event types, compiled once for the
// whole process. PostgreSQL is asked for a new generation every second; what it
// says is mirrored in Redis. While PostgreSQL is away the mirror is the source,
// also right after a start. With neither, the last known schemas stay in
// force. Detached.

#include "messages/protocols/directory.hpp"
#include "messages/protocols/schema_keeper.hpp"
#include "runtime/ports/event_type_store.hpp"
#include "runtime/telemetry/log.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace eventpulse {

struct schema_keeper_setup {
  std::function<std::unique_ptr<event_type_store>()> open_store;
  std::function<std::unique_ptr<event_type_mirror>()> open_mirror;
  std::chrono::milliseconds interval{1'000};
  std::function<void()> known; // schemas are known now; may be empty
  directory_actor directory;
  logger log;
};

class schema_keeper_state {
public:
  static inline const char* name = "schema_keeper";
  using pointer = schema_keeper_actor::stateful_pointer<schema_keeper_state>;

  explicit schema_keeper_state(pointer self) : self_(self) {}

  schema_keeper_actor::behavior_type start(schema_keeper_setup setup);

private:
  void load();
  void mirror();
  void adopt(const event_type_set& types);

  pointer self_;
  schema_keeper_setup setup_;
  std::unique_ptr<event_type_store> store_;
  std::unique_ptr<event_type_mirror> mirror_;
  schema::event_schemas_ptr schemas_; // null until anybody told
  event_type_set stored_;       // as the database last said; for the mirror
  bool store_asked_ = false;    // stored_ is of the database
  int64_t mirrored_ = -1;       // the version the mirror has from us
  unsigned loads_mirrored_ = 0; // since the mirror was last told
  bool store_away_ = false;     // said so in the log
  std::vector<caf::actor> followers_;
};

schema_keeper_actor::behavior_type
schema_keeper(schema_keeper_actor::stateful_pointer<schema_keeper_state> self,
              const schema_keeper_setup& setup);

} // namespace eventpulse

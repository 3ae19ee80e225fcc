#pragma once
// The persister: what was read from one partition becomes rows. One fenced
// transaction a read; while PostgreSQL is away the oldest read is tried again,
// with back-off, and nothing else is answered. A read that PostgreSQL refuses
// (errc::rejected) is halved until the refused entry stands alone; that one is
// dead-lettered and the rest goes in. Detached; linked to its partition_reader.

#include "messages/lease.hpp"
#include "messages/protocols/partition.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/event_store.hpp"
#include "runtime/telemetry/log.hpp"
#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/trace.hpp"

#include <caf/fwd.hpp>

#include <deque>
#include <functional>
#include <memory>

namespace eventpulse {

struct persister_setup {
  std::function<std::unique_ptr<event_store>()> open_store;
  lease_token lease;
  uint32_t partition = 0;
  int64_t dedup_window_ms = 86'400'000;
  std::shared_ptr<world> surroundings;
  logger log;
  metrics* meters = nullptr;
  tracer traces;
  std::function<void()> fenced; // the lease is lost: tell its keeper
  /// The store does not answer, and why; empty: it does again. May be empty.
  std::function<void(const std::string& why)> store_state;
};

class persister_state {
public:
  static inline const char* name = "persister";
  using pointer = persister_actor::stateful_pointer<persister_state>;

  explicit persister_state(pointer self) : self_(self) {}
  ~persister_state();

  persister_actor::behavior_type start(persister_setup setup);

private:
  struct waiting {
    log_read_ptr read;
    caf::typed_response_promise<persisted_read_ptr> answer;
  };

  void work();
  result<persisted_read> persist(const log_read& read);
  result<persisted_read> persist_range(const log_read& read, size_t first,
                                       size_t last);
  persist_request decode(const log_read& read, size_t first, size_t last);
  void bury_alone(persist_request& request, const failure& why);
  dead_letter letter(const raw_entry& entry, const char* kind,
                     const std::string& reason);
  void report(const std::vector<dead_letter>& kept);
  void merge(persisted_read& into, persisted_read&& more);
  void prepare_days();
  void count(const persist_outcome& outcome, double seconds);
  void trace(const persisted_batch& batch, int64_t start_ns) const;
  void tell(const std::string& why);

  pointer self_;
  persister_setup setup_;
  std::unique_ptr<event_store> store_;
  std::deque<waiting> queue_;  // unanswered, oldest first
  bool retry_pending_ = false; // a retry is on its way: order is kept
  unsigned failures_ = 0;      // in a row
  /// Something was told that is over with the next success. The one before us
  /// may have done so.
  bool told_ = true;
};

persister_actor::behavior_type
persister(persister_actor::stateful_pointer<persister_state> self,
          const persister_setup& setup);

} // namespace eventpulse

#pragma once
// The partition_reader: the one place where the order read → insert → ack →
// evaluate is written. It owns one partition of the stream, keeps a fixed
// number of reads unpersisted and of batches unevaluated, and hands a batch on
// only when it is committed and acknowledged. Its persister and waiter are
// linked to it: they live and die together. Detached.

#include "actors/persister.hpp"
#include "messages/protocols/directory.hpp"
#include "messages/protocols/partition.hpp"
#include "messages/protocols/rules.hpp"
#include "runtime/ports/event_log.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace eventpulse {

struct partition_reader_setup {
  std::function<std::unique_ptr<partition_log>(uint32_t partition,
                                               int64_t epoch)>
      open_log;
  std::function<std::unique_ptr<log_waiter>()> open_waiter;
  persister_setup persistence; // its lease and partition are the reader's
  directory_actor directory;
  /// The stream does not answer, and why; empty: it does. May be empty.
  std::function<void(const std::string& why)> stream_state;
  bool detached = true; // false only under the test scheduler
};

class partition_reader_state {
public:
  static inline const char* name = "partition_reader";
  using pointer =
      partition_reader_actor::stateful_pointer<partition_reader_state>;

  explicit partition_reader_state(pointer self) : self_(self) {}
  ~partition_reader_state();

  partition_reader_actor::behavior_type start(partition_reader_setup setup);

private:
  struct ready {
    std::vector<position> handled;
    persisted_batch_ptr batch;
  };
  struct sent {
    uint64_t number;
    persisted_batch_ptr batch;
  };

  void load_tail();
  void open(const position& tail);
  void pump();
  bool has_credit() const;
  void read();
  void take(log_read&& found);
  void persist(log_read&& found);
  void wait();
  void persisted(const persisted_read_ptr& done);
  void acknowledge();
  void hand_on(persisted_batch_ptr batch);
  void send(const sent& batch);
  void evaluated(uint64_t number, uint64_t router_generation);
  void reopen(const failure& why);
  void pump_after(std::chrono::milliseconds delay);
  void wish_clock(int64_t at_ms);
  void housekeeping();
  void router_found(const caf::actor& router);
  void end(const caf::exit_msg& why);
  void end_when_drained();
  void stop_reading(const failure& why);

  pointer self_;
  partition_reader_setup setup_;
  std::unique_ptr<partition_log> log_;
  persister_actor persister_;
  stream_waiter_actor waiter_;
  rule_router_actor router_;
  uint64_t router_generation_ = 0;

  bool opening_ = false;         // the tail is asked for
  bool open_ = false;            // log_ was opened and has not failed since
  bool waiting_ = false;         // the waiter is asked
  bool pump_pending_ = false;    // a delayed pump is on its way
  bool halted_ = false;          // the lease is lost: nothing more is done
  bool draining_ = false;        // told to end: nothing more is read
  caf::error end_reason_;        // then
  unsigned failures_ = 0;        // of the log, in a row
  position newest_;              // largest id read or claimed
  size_t unpersisted_ = 0;       // reads at the persister
  std::deque<ready> committed_;  // committed, not yet acknowledged
  std::deque<sent> unevaluated_; // handed on, not answered; kept to repeat
  uint64_t number_ = 0;
  std::optional<int64_t> clock_wish_;
  std::optional<int64_t> clock_look_ms_; // a look for this wish is on its way
};

partition_reader_actor spawn_partition_reader(caf::actor_system& system,
                                              partition_reader_setup setup);

} // namespace eventpulse

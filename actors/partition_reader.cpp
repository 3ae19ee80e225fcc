#include "actors/partition_reader.hpp"

#include "actors/metered.hpp"
#include "actors/stream_waiter.hpp"
#include "messages/protocols/errors.hpp"
#include "runtime/core/base/limits.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr uint32_t wait_ms = 1000;
constexpr int64_t look_again = 0; // to itself: no wish, but one may be due
constexpr auto housekeeping_interval = 1s;

} // namespace

partition_reader_state::~partition_reader_state() = default;

partition_reader_actor::behavior_type
partition_reader_state::start(partition_reader_setup setup) {
  setup_ = std::move(setup);
  auto& p = setup_.persistence;
  log_ = setup_.open_log(p.partition, p.lease.epoch);
  if (setup_.detached) {
    persister_ = spawn_metered<caf::linked + caf::detached>(
        *self_, p.meters, "persister", persister, p);
    waiter_ = spawn_metered<caf::linked + caf::detached>(
        *self_, p.meters, "stream_waiter", stream_waiter, p.partition,
        setup_.open_waiter);
  } else {
    persister_ =
        spawn_metered<caf::linked>(*self_, p.meters, "persister", persister, p);
    waiter_ = spawn_metered<caf::linked>(*self_, p.meters, "stream_waiter",
                                         stream_waiter, p.partition,
                                         setup_.open_waiter);
  }
  self_->set_error_handler([](caf::error&) {});
  self_->set_exit_handler([this](caf::exit_msg& e) { end(e); });
  auto me = caf::actor_cast<caf::actor>(self_);
  caf::anon_send(setup_.directory, announce_atom::value,
                 "partition_reader/" + std::to_string(p.partition), me);
  caf::anon_send(setup_.directory, follow_atom::value,
                 std::string("rule_router"), me);
  self_->delayed_send(self_, housekeeping_interval, house_atom::value);
  load_tail();
  return {
      [this](pump_atom) {
        pump_pending_ = false;
        pump();
      },
      [this](house_atom) { housekeeping(); },
      [this](clock_atom, int64_t at_ms) { wish_clock(at_ms); },
      [this](found_atom, const std::string&, const caf::actor& router) {
        router_found(router);
      },
  };
}

// --- opening ---------------------------------------------------------------

void partition_reader_state::load_tail() {
  if (std::exchange(opening_, true))
    return;
  self_->request(persister_, caf::infinite, load_atom::value)
      .then(
          [this](const partition_state_ptr& state) {
            opening_ = false;
            newest_ = std::max(newest_, state->persisted);
            open(state->persisted);
          },
          [this](caf::error& e) {
            opening_ = false;
            setup_.persistence.log.warn("tail_not_loaded",
                                        {{"reason", to_string(to_failure(e))}});
            pump_after(500ms);
          });
}

void partition_reader_state::open(const position& tail) {
  auto opened = log_->open(tail);
  if (!opened)
    return reopen(opened.error());
  open_ = true;
  failures_ = 0;
  if (setup_.stream_state)
    setup_.stream_state("");
  auto& log = setup_.persistence.log;
  if (opened->created)
    log.warn("stream_created", {{"tail", to_string(tail)}});
  if (opened->reread)
    log.warn("stream_reread", {{"tail", to_string(tail)}});
  if (opened->behind)
    log.error("stream_behind", {{"tail", to_string(tail)}});
  if (opened->gap_until)
    log.error("stream_gap", {{"after", to_string(tail)},
                             {"until", to_string(*opened->gap_until)}});
  pump();
}

void partition_reader_state::reopen(const failure& why) {
  open_ = false;
  ++failures_;
  if (setup_.stream_state)
    setup_.stream_state(to_string(why));
  setup_.persistence.log.warn(
      "stream_retry", {{"failures", failures_}, {"reason", to_string(why)}});
  pump_after(std::min<std::chrono::milliseconds>(
      50ms * (1u << std::min(failures_, 5u)), 1s));
}

void partition_reader_state::pump_after(std::chrono::milliseconds delay) {
  if (pump_pending_ || halted_)
    return;
  pump_pending_ = true;
  self_->delayed_send(self_, delay, pump_atom::value);
}

// --- reading and inserting ---------------------------------------------------

void partition_reader_state::pump() {
  if (halted_)
    return;
  acknowledge();
  if (draining_)
    return end_when_drained();
  if (pump_pending_)
    return; // the log failed just now; its retry is on the way
  if (!open_)
    return load_tail();
  if (has_credit() && (!waiting_ || clock_wish_))
    read();
}

bool partition_reader_state::has_credit() const {
  return unpersisted_ < limits::batches_unpersisted_max &&
         unevaluated_.size() + committed_.size() <
             limits::batches_unevaluated_max;
}

void partition_reader_state::read() {
  auto found = log_->read(limits::read_batch_max);
  if (!found)
    return reopen(found.error());
  failures_ = 0;
  if (!found->entries.empty() || !found->lost.empty())
    return take(std::move(found).value());
  if (found->drained && clock_wish_) {
    if (found->time_ms >= *clock_wish_) {
      clock_wish_.reset();
      persist(std::move(found).value());
      return pump_after(0ms);
    }
    // Redis's clock is behind ours: look again when it must be there.
    if (!clock_look_ms_ || *clock_wish_ < *clock_look_ms_) {
      clock_look_ms_ = *clock_wish_;
      auto early = std::min<int64_t>(*clock_wish_ - found->time_ms, 1000);
      self_->delayed_send(self_, std::chrono::milliseconds(early + 1),
                          clock_atom::value, look_again);
    }
  }
  // What comes while a batch commits is read meanwhile.
  if (!waiting_ && has_credit())
    wait();
}

void partition_reader_state::take(log_read&& found) {
  if (auto* meters = setup_.persistence.meters)
    meters->stream(setup_.persistence.partition)
        .reclaimed_total.Increment(static_cast<double>(found.reclaimed));
  for (auto& entry : found.entries)
    newest_ = std::max(newest_, entry.where);
  persist(std::move(found));
  // Batch k+1 is read while batch k commits.
  pump_after(0ms);
}

void partition_reader_state::persist(log_read&& found) {
  ++unpersisted_;
  self_
      ->request(persister_, caf::infinite, persist_atom::value,
                share(std::move(found)))
      .then([this](const persisted_read_ptr& done) { persisted(done); },
            [this](caf::error& e) { stop_reading(to_failure(e)); });
}

void partition_reader_state::wait() {
  waiting_ = true;
  self_
      ->request(waiter_, caf::infinite, wait_atom::value, newest_,
                uint32_t{wait_ms})
      .then(
          [this](bool) {
            waiting_ = false;
            pump();
          },
          [this](caf::error& e) {
            waiting_ = false;
            reopen(to_failure(e));
          });
}

// --- acknowledging and handing on --------------------------------------------

void partition_reader_state::persisted(const persisted_read_ptr& done) {
  --unpersisted_;
  committed_.push_back({done->handled, done->batch});
  pump();
}

/// In order, and never evaluated before it is acknowledged.
void partition_reader_state::acknowledge() {
  while (!committed_.empty()) {
    auto& next = committed_.front();
    if (!next.handled.empty()) {
      auto acked = log_->acknowledge(next.handled);
      if (!acked)
        return reopen(acked.error());
    }
    auto batch = std::move(next.batch);
    committed_.pop_front();
    hand_on(std::move(batch));
  }
}

void partition_reader_state::hand_on(persisted_batch_ptr batch) {
  unevaluated_.push_back({++number_, std::move(batch)});
  if (router_)
    send(unevaluated_.back());
}

void partition_reader_state::send(const sent& batch) {
  self_->request(router_, caf::infinite, batch_atom::value, batch.batch)
      .then([this, number = batch.number, generation = router_generation_](
                caf::ok_atom) { evaluated(number, generation); },
            [](caf::error&) {
              // The router is down; the next one is told everything again.
            });
}

void partition_reader_state::evaluated(uint64_t number, uint64_t generation) {
  if (generation != router_generation_)
    return;
  std::erase_if(unevaluated_,
                [&](const sent& s) { return s.number == number; });
  pump();
}

void partition_reader_state::router_found(const caf::actor& router) {
  router_ = caf::actor_cast<rule_router_actor>(router);
  ++router_generation_;
  for (auto& batch : unevaluated_)
    send(batch);
}

// --- clock, housekeeping, end ------------------------------------------------

void partition_reader_state::wish_clock(int64_t at_ms) {
  if (at_ms == look_again)
    clock_look_ms_.reset();
  else if (!clock_wish_ || at_ms < *clock_wish_)
    clock_wish_ = at_ms;
  // Without waiting for the waiter: the read itself never blocks.
  if (clock_wish_ && !halted_ && open_ && !pump_pending_ && unpersisted_ == 0 &&
      has_credit())
    read();
}

void partition_reader_state::housekeeping() {
  self_->delayed_send(self_, housekeeping_interval, house_atom::value);
  if (!open_ || halted_)
    return;
  auto numbers = log_->housekeeping();
  if (!numbers)
    return reopen(numbers.error());
  if (auto* meters = setup_.persistence.meters) {
    auto& m = meters->stream(setup_.persistence.partition);
    m.entries.Set(static_cast<double>(numbers->entries));
    m.lag_entries.Set(static_cast<double>(numbers->lag));
    m.lag_seconds.Set(
        std::chrono::duration<double>(numbers->oldest_age).count());
    m.pending_entries.Set(static_cast<double>(numbers->pending));
  }
}

/// Told to stop, it reads no more, and ends when what it has read is committed,
/// acknowledged and evaluated. Without its persister or waiter it is nothing.
void partition_reader_state::end(const caf::exit_msg& why) {
  if (why.source == persister_.address() || why.source == waiter_.address())
    return self_->quit(why.reason ? why.reason : make_error(errc::internal));
  draining_ = true;
  end_reason_ = why.reason;
  end_when_drained();
}

void partition_reader_state::end_when_drained() {
  bool drained =
      unpersisted_ == 0 && committed_.empty() && unevaluated_.empty();
  if (halted_ || drained)
    self_->quit(end_reason_);
}

void partition_reader_state::stop_reading(const failure& why) {
  halted_ = true;
  setup_.persistence.log.error("partition_halted",
                               {{"reason", to_string(why)}});
  if (why.code != errc::fenced)
    self_->quit(to_error(why));
  else if (draining_)
    self_->quit(end_reason_);
}

partition_reader_actor spawn_partition_reader(caf::actor_system& system,
                                              partition_reader_setup setup) {
  auto run =
      [](partition_reader_actor::stateful_pointer<partition_reader_state> self,
         const partition_reader_setup& s) { return self->state.start(s); };
  auto* meters = setup.persistence.meters;
  return setup.detached
             ? spawn_metered<caf::detached>(system, meters, "partition_reader",
                                            run, setup)
             : spawn_metered(system, meters, "partition_reader", run, setup);
}

} // namespace eventpulse

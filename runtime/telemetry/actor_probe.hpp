#pragma once
// How busy each actor is. An actor_probe is one actor's share: whoever sends to
// it counts up, the actor itself counts down and keeps the time of each
// message, so that the depth is true also while the actor is blocked. What is
// counted often is touched by one thread only, or without a lock; summing up by
// kind is left to whoever scrapes. actors/metered.hpp puts probes into actors.
// Thread-safe.

#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace eventpulse {

inline constexpr size_t actor_kinds_max = 64; // more share "_other"

/// Upper bounds of eventpulse_actor_processing_seconds, in seconds.
inline constexpr std::array<double, 7> processing_bounds{
    .00001, .0001, .001, .01, .1, 1, 10};

/// What an actor has done.
struct actor_work {
  uint64_t messages = 0; // handled; the sum of by_time
  double seconds = 0;    // in them
  std::array<uint64_t, processing_bounds.size() + 1> by_time{};

  void add(const actor_work& more);
};

class actor_probe {
public:
  using clock = std::chrono::steady_clock;

  /// A message is about to be put into the mailbox; from any thread.
  void queued() noexcept { queued_.fetch_add(1, std::memory_order_relaxed); }

  /// The actor takes a message, and is done with it. Its own thread only.
  void begin() noexcept;
  void end() noexcept;
  /// It put the message back instead.
  void skipped() noexcept { busy_since_.store(0, std::memory_order_relaxed); }

  /// Messages waiting, without the present one.
  size_t depth() const noexcept;
  /// How long it has been in its present message; zero when it is in none.
  std::chrono::nanoseconds busy() const noexcept;
  actor_work work() const noexcept;

private:
  using cell = std::atomic<uint64_t>;
  /// Only the actor's own thread writes it, so no locked instruction is needed.
  static void bump(cell& c, uint64_t by) noexcept {
    c.store(c.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  cell queued_{0};
  cell taken_{0};
  cell nanoseconds_{0};
  std::atomic<int64_t> busy_since_{0}; // of clock; 0: it waits
  std::array<cell, processing_bounds.size() + 1> by_time_{};
};

using actor_probe_ptr = std::shared_ptr<actor_probe>;

/// What can be seen of one actor.
struct actor_look {
  uint64_t id = 0;
  std::string kind;
  size_t depth = 0;
  std::chrono::nanoseconds busy{0};
  uint64_t messages = 0;
};

/// All probes of a process, by the actors' ids.
class actor_probes {
public:
  /// `owner` is the actor it is linked to, or 0: those that live and die with
  /// another have no supervisor who would name them.
  actor_probe_ptr open(std::string_view kind, uint64_t id, uint64_t owner);
  /// What it did stays in its kind's sums. Harmless when it is closed.
  void close(uint64_t id);

  /// Those that are alive, in the order of `ids`; absent ones are left out.
  std::vector<actor_look> look(const std::vector<uint64_t>& ids) const;
  /// Those linked to it.
  std::vector<actor_look> linked_to(uint64_t owner) const;

  /// eventpulse_actor_mailbox_depth, _messages_total, _processing_seconds and
  /// _alive, by kind.
  std::vector<prometheus::MetricFamily> collect() const;

private:
  struct kind_sum {
    actor_work retired; // of actors that are gone
  };
  using kinds = std::map<std::string, kind_sum, std::less<>>;
  struct entry {
    actor_probe_ptr probe;
    kinds::iterator kind; // never erased
    uint64_t owner = 0;
  };

  static actor_look look_at(uint64_t id, const entry& e);

  mutable std::mutex mutex_;
  kinds kinds_;
  std::unordered_map<uint64_t, entry> alive_;
  std::multimap<uint64_t, uint64_t> linked_; // owner to id
};

} // namespace eventpulse

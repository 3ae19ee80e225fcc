#pragma once
// Whose turn it is: requests wait in a lane a host and start round-robin, each
// host with at most its share, so that a slow one delays nobody else. Used by
// sender.cpp, on its thread only; knows no libcurl.

#include "runtime/adapters/outbound/transfer.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace eventpulse::outbound {

class host_lanes {
public:
  host_lanes(size_t running_max, size_t per_host_max)
      : running_max_(running_max), per_host_max_(per_host_max) {}

  void add(const std::string& host, job work);

  /// The next request that may start; it counts as running until ended().
  std::optional<job> next();
  void ended(const std::string& host);

  /// Takes out those that wait longer than their own timeout. Lanes are in
  /// order of submission, so only their heads are looked at.
  std::vector<job> take_overdue(std::chrono::steady_clock::time_point now);
  std::vector<job> take_all();

private:
  struct lane {
    std::deque<job> waiting;
    size_t running = 0;
    bool is_queued = false; // stands in turns_
  };

  void queue(const std::string& host, lane& l);
  void forget_if_idle(const std::string& host);

  size_t running_max_;
  size_t per_host_max_;
  size_t running_ = 0;
  std::unordered_map<std::string, lane> lanes_;
  std::deque<std::string> turns_; // hosts with something waiting and room
};

} // namespace eventpulse::outbound

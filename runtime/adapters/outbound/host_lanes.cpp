#include "runtime/adapters/outbound/host_lanes.hpp"

#include "runtime/core/base/check.hpp"

#include <utility>

namespace eventpulse::outbound {

void host_lanes::queue(const std::string& host, lane& l) {
  if (l.is_queued || l.waiting.empty() || l.running >= per_host_max_)
    return;
  l.is_queued = true;
  turns_.push_back(host);
}

void host_lanes::forget_if_idle(const std::string& host) {
  auto found = lanes_.find(host);
  if (found != lanes_.end() && found->second.waiting.empty() &&
      found->second.running == 0 && !found->second.is_queued)
    lanes_.erase(found);
}

void host_lanes::add(const std::string& host, job work) {
  auto& l = lanes_[host];
  l.waiting.push_back(std::move(work));
  queue(host, l);
}

std::optional<job> host_lanes::next() {
  while (running_ < running_max_ && !turns_.empty()) {
    auto host = std::move(turns_.front());
    turns_.pop_front();
    auto& l = lanes_.at(host);
    l.is_queued = false;
    if (l.waiting.empty()) { // what waited became overdue
      forget_if_idle(host);
      continue;
    }
    auto out = std::move(l.waiting.front());
    l.waiting.pop_front();
    ++l.running;
    ++running_;
    queue(host, l);
    return out;
  }
  return std::nullopt;
}

void host_lanes::ended(const std::string& host) {
  auto& l = lanes_.at(host);
  EP_CHECK(l.running > 0);
  --l.running;
  --running_;
  queue(host, l);
  forget_if_idle(host);
}

std::vector<job>
host_lanes::take_overdue(std::chrono::steady_clock::time_point now) {
  std::vector<job> out;
  std::vector<std::string> touched;
  for (auto& [host, l] : lanes_) {
    auto before = out.size();
    while (!l.waiting.empty() && now - l.waiting.front().submitted >
                                     l.waiting.front().request.timeout) {
      out.push_back(std::move(l.waiting.front()));
      l.waiting.pop_front();
    }
    if (out.size() > before)
      touched.push_back(host);
  }
  for (const auto& host : touched)
    forget_if_idle(host);
  return out;
}

std::vector<job> host_lanes::take_all() {
  std::vector<job> out;
  for (auto& [host, l] : lanes_)
    for (auto& work : l.waiting)
      out.push_back(std::move(work));
  lanes_.clear();
  turns_.clear();
  running_ = 0;
  return out;
}

} // namespace eventpulse::outbound

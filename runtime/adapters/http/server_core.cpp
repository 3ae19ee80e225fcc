#include "runtime/adapters/http/server_core.hpp"

#include "runtime/adapters/http/session.hpp"

namespace eventpulse::http {

void server_core::enter(const std::shared_ptr<session>& who) {
  const std::lock_guard lock{mutex_};
  sessions_.emplace(who.get(), who);
}

void server_core::leave(const session* who) noexcept {
  const std::lock_guard lock{mutex_};
  sessions_.erase(who);
  if (sessions_.empty())
    left_.notify_all();
}

std::vector<std::shared_ptr<session>> server_core::sessions() {
  std::vector<std::shared_ptr<session>> out;
  const std::lock_guard lock{mutex_};
  out.reserve(sessions_.size());
  for (const auto& [key, weak] : sessions_)
    if (auto strong = weak.lock())
      out.push_back(std::move(strong));
  return out;
}

bool server_core::wait_until_empty(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  return left_.wait_for(lock, patience, [this] { return sessions_.empty(); });
}

} // namespace eventpulse::http

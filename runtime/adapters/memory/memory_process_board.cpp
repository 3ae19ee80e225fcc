#include "runtime/adapters/memory/memory_log.hpp"

namespace eventpulse::memory {

result<void> stream_server::publish_report(const std::string& name,
                                           const std::string& report,
                                           std::chrono::milliseconds ttl) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  std::erase_if(now_.reports,
                [&](const auto& one) { return one.second.first <= now(); });
  now_.reports[name] = {now() + ttl.count(), report};
  return {};
}

result<void> stream_server::withdraw_report(const std::string& name) {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  now_.reports.erase(name);
  return {};
}

result<std::map<std::string, std::string>> stream_server::list_reports() {
  std::lock_guard lock{mutex_};
  if (auto why = refusal())
    return *why;
  std::map<std::string, std::string> out;
  for (const auto& [name, one] : now_.reports)
    if (one.first > now())
      out.emplace(name, one.second);
  return out;
}

namespace {

class board : public process_board {
public:
  explicit board(stream_server_ptr server) : server_(std::move(server)) {}

  result<void> publish(const std::string& name, const std::string& report,
                       std::chrono::milliseconds ttl) override {
    return server_->publish_report(name, report, ttl);
  }
  result<void> withdraw(const std::string& name) override {
    return server_->withdraw_report(name);
  }
  result<std::map<std::string, std::string>> list() override {
    return server_->list_reports();
  }

private:
  stream_server_ptr server_;
};

} // namespace

std::unique_ptr<process_board> make_process_board(stream_server_ptr server) {
  return std::make_unique<board>(std::move(server));
}

} // namespace eventpulse::memory

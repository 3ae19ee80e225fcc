// The processes' reports: one hash, a field a process, each with the time until
// which it counts. Whoever publishes clears away what is over; the hash itself
// expires when nobody does.

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/keys.hpp"
#include "runtime/adapters/redis/scripts.hpp"

namespace eventpulse::redis {

namespace {

class board : public process_board {
public:
  explicit board(const options& o) : connection_(o) {}

  result<void> publish(const std::string& name, const std::string& report,
                       std::chrono::milliseconds ttl) override {
    auto done = connection_.ask({"EVAL", scripts::publish_report, "1", key(),
                                 name, report, std::to_string(ttl.count())});
    if (!done)
      return done.error();
    return {};
  }

  result<void> withdraw(const std::string& name) override {
    auto done = connection_.ask({"HDEL", key(), name});
    if (!done)
      return done.error();
    return {};
  }

  result<std::map<std::string, std::string>> list() override {
    auto answer = connection_.ask({"EVAL", scripts::list_reports, "1", key()});
    if (!answer)
      return answer.error();
    reply_view all{*answer};
    std::map<std::string, std::string> out;
    for (size_t i = 0; i + 1 < all.size(); i += 2)
      out.emplace(all[i].text(), all[i + 1].text());
    return out;
  }

private:
  std::string key() const { return keys::processes(connection_.settings()); }

  connection connection_;
};

} // namespace

std::unique_ptr<process_board> make_process_board(const options& o) {
  return std::make_unique<board>(o);
}

} // namespace eventpulse::redis

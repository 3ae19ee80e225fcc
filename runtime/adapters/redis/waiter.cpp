// Waiting without taking: XREAD outside the group, so that a stale owner that
// wakes up has taken nothing. A stream that is missing has nothing to read.

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/keys.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace eventpulse::redis {

namespace {

constexpr std::chrono::milliseconds wait_max{60'000};

class waiter : public log_waiter {
public:
  explicit waiter(const options& o) : connection_(o) {}

  result<bool> wait(uint32_t partition, const position& after,
                    std::chrono::milliseconds timeout) override {
    auto events = keys::events(connection_.settings(), partition);
    auto id = entry_id(after);
    timeout = std::min(timeout, wait_max);
    auto ms = std::to_string(timeout.count());
    std::vector<std::string_view> words{"XREAD", "COUNT", "1"};
    if (timeout.count() > 0) { // BLOCK 0 would wait for ever
      words.push_back("BLOCK");
      words.push_back(ms);
    }
    words.insert(words.end(), {"STREAMS", events, id});
    auto answer = connection_.ask(words, std::max(timeout, {}));
    if (!answer)
      return answer.error();
    return reply_view{*answer}.size() > 0;
  }

private:
  connection connection_;
};

} // namespace

std::unique_ptr<log_waiter> make_waiter(const options& o) {
  return std::make_unique<waiter>(o);
}

} // namespace eventpulse::redis

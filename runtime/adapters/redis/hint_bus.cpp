// Hints over Pub/Sub. A topic has a connection of its own, since what comes
// unasked must not stand between a command and its answer.

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/adapters/redis/factories.hpp"
#include "runtime/adapters/redis/keys.hpp"

#include <algorithm>
#include <map>

namespace eventpulse::redis {

namespace {

constexpr size_t topics_max = 16;

class bus : public hint_bus {
public:
  explicit bus(const options& o) : commands_(o) {}

  result<void> publish(const std::string& topic) override {
    auto channel = keys::hint(commands_.settings(), topic);
    auto sent = commands_.ask({"PUBLISH", channel, "1"});
    if (!sent)
      return sent.error();
    return {};
  }

  result<bool> wait(const std::string& topic,
                    std::chrono::milliseconds timeout) override {
    auto found = topics_.find(topic);
    if (found == topics_.end()) {
      if (topics_.size() >= topics_max)
        return {errc::too_large, "too many topics"};
      found = topics_.try_emplace(topic, commands_.settings()).first;
    }
    auto& [ears, generation] = found->second;
    if (generation != ears.generation() || generation == 0) {
      if (auto heard = subscribe(found->second, topic); !heard)
        return heard.error();
    }
    auto until = std::chrono::steady_clock::now() + timeout;
    for (;;) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      auto said = ears.listen(std::max(left, std::chrono::milliseconds{0}));
      if (!said) {
        generation = 0;
        return said.error();
      }
      if (!*said)
        return false;
      if (reply_view{**said}[0].text() == "message")
        return true;
    }
  }

private:
  struct subscription {
    explicit subscription(const options& o) : ears(o) {}
    connection ears;
    uint64_t generation = 0; // of the connection that is subscribed; 0: none
  };

  result<void> subscribe(subscription& s, const std::string& topic) {
    auto channel = keys::hint(commands_.settings(), topic);
    auto heard = s.ears.ask({"SUBSCRIBE", channel});
    if (!heard)
      return heard.error();
    s.generation = s.ears.generation();
    return {};
  }

  connection commands_;
  std::map<std::string, subscription> topics_;
};

} // namespace

std::unique_ptr<hint_bus> make_hint_bus(const options& o) {
  return std::make_unique<bus>(o);
}

} // namespace eventpulse::redis

// The reading side of the capped stream of refused input.

#include "runtime/adapters/redis/connection.hpp"
#include "runtime/adapters/redis/intake_factories.hpp"
#include "runtime/adapters/redis/keys.hpp"

namespace eventpulse::redis {

namespace {

class reader : public quarantine_log {
public:
  explicit reader(const options& o) : connection_(o) {}

  result<std::vector<quarantined_entry>> read(size_t limit) override {
    auto name = keys::quarantine(connection_.settings());
    auto answer = connection_.ask(
        {"XRANGE", name, "-", "+", "COUNT", std::to_string(limit)});
    if (!answer)
      return answer.error();
    std::vector<quarantined_entry> out;
    reply_view all{*answer};
    for (size_t i = 0; i < all.size(); ++i)
      out.push_back({std::string(all[i][0].text()), to_fields(all[i][1])});
    return out;
  }

  result<void> remove(std::span<const std::string> ids) override {
    if (ids.empty())
      return {};
    auto name = keys::quarantine(connection_.settings());
    std::vector<std::string_view> words{"XDEL", name};
    words.insert(words.end(), ids.begin(), ids.end());
    auto gone = connection_.ask(words);
    if (!gone)
      return gone.error();
    return {};
  }

private:
  connection connection_;
};

} // namespace

std::unique_ptr<quarantine_log> make_quarantine_log(const options& o) {
  return std::make_unique<reader>(o);
}

} // namespace eventpulse::redis

#include "runtime/adapters/http/reply_slot.hpp"

#include "runtime/adapters/http/session.hpp"

#include <atomic>

namespace eventpulse::http {

namespace {

template <class Reply>
class reply_slot {
public:
  reply_slot(std::weak_ptr<session> asker, uint64_t turn)
      : asker_(std::move(asker)), turn_(turn) {}

  reply_slot(const reply_slot&) = delete;
  reply_slot& operator=(const reply_slot&) = delete;

  ~reply_slot() {
    if (answered_.exchange(true))
      return;
    if (auto asker = asker_.lock())
      asker->post_dropped(turn_);
  }

  void answer(Reply reply) {
    if (answered_.exchange(true))
      return;
    if (auto asker = asker_.lock())
      asker->post_reply(turn_, std::move(reply));
  }

private:
  std::weak_ptr<session> asker_;
  uint64_t turn_;
  std::atomic<bool> answered_{false};
};

template <class Reply>
std::function<void(Reply)> make(std::weak_ptr<session> asker, uint64_t turn) {
  auto slot = std::make_shared<reply_slot<Reply>>(std::move(asker), turn);
  return [slot](Reply reply) { slot->answer(std::move(reply)); };
}

} // namespace

std::function<void(http_reply)> make_reply(std::weak_ptr<session> asker,
                                           uint64_t turn) {
  return make<http_reply>(std::move(asker), turn);
}

std::function<void(web_socket_reply)>
make_socket_reply(std::weak_ptr<session> asker, uint64_t turn) {
  return make<web_socket_reply>(std::move(asker), turn);
}

} // namespace eventpulse::http

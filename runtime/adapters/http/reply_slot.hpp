#pragma once
// The `reply` of one exchange. Whoever holds it may answer from any thread; the
// first answer counts, later ones do nothing, and when the last copy goes
// unanswered the session is told, so that a dropped reply never leaves a client
// waiting. Holds the session weakly: a reply that is kept forever keeps no
// connection open.

#include "messages/http.hpp"
#include "messages/web_socket.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace eventpulse::http {

class session;

std::function<void(http_reply)> make_reply(std::weak_ptr<session> asker,
                                           uint64_t turn);
std::function<void(web_socket_reply)>
make_socket_reply(std::weak_ptr<session> asker, uint64_t turn);

} // namespace eventpulse::http

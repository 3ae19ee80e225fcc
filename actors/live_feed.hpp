#pragma once
// The live_feed: GET /v1/live. It lets clients in (key, scopes, how many),
// reads the logs of events and changes where anybody follows them, and sends
// each follower what concerns it. The book (core/live) decides who gets what;
// this reads and sends. Detached, since its log blocks.
//
// Nothing tells it of news: it asks at intervals while somebody follows, so no
// hint can be lost and an idle feed costs nothing. When it dies its sockets are
// closed with "service restart"; clients resume by their cursor.

#include "messages/protocols/directory.hpp"
#include "messages/protocols/key_keeper.hpp"
#include "messages/protocols/live_feed.hpp"
#include "runtime/core/live/live_book.hpp"
#include "runtime/ports/clock.hpp"
#include "runtime/ports/live_log.hpp"
#include "runtime/telemetry/log.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace eventpulse {

struct live_feed_setup {
  std::function<std::unique_ptr<live_log>()> open_log;
  size_t connections_max = 100;
  std::chrono::milliseconds poll_interval{200};
  std::chrono::milliseconds keep{86'400'000}; // changes
  int64_t keep_rows = 1'000'000;              // at most
  std::chrono::milliseconds trim_interval{60'000};
  live_book_options book;
  web_socket_options socket;
  directory_actor directory;
  std::shared_ptr<world> surroundings;
  logger log;
};

class live_feed_state {
public:
  static inline const char* name = "live_feed";
  using pointer = live_feed_actor::stateful_pointer<live_feed_state>;

  explicit live_feed_state(pointer self) : self_(self) {}
  ~live_feed_state();

  live_feed_actor::behavior_type start(live_feed_setup setup);

private:
  /// One that was let in; `socket` is null until its handshake is done.
  struct client {
    live_request wants;
    live_cursor now; // the end of the logs when it was let in
    std::string key_hash;
    std::string key_name;
    std::shared_ptr<web_socket> socket;
  };

  void handle(const web_socket_request& call);
  web_socket_reply admit(const http_request& head, live_request wants);
  result<std::string> key_of(const http_request& head,
                             const live_request& wants) const;
  void opened(uint64_t who, const web_socket_ptr& socket);
  void closed(uint64_t who);
  void pump();
  bool read_on();
  bool read_changes();
  bool read_events();
  bool serve_behind();
  bool lost_log(const failure& why);
  void schedule(std::chrono::milliseconds delay);
  void end_stalled();
  void end_refused_keys();
  void close(uint64_t who, uint16_t code, const std::string& reason);
  bool trim();
  live_book::send sending();

  pointer self_;
  live_feed_setup setup_;
  std::unique_ptr<live_log> log_;
  std::unique_ptr<live_book> book_;
  std::map<uint64_t, client> clients_; // those in the book have a socket
  uint64_t next_id_ = 1;
  key_set_ptr keys_; // null until the key_keeper has told them
  enum class when : uint8_t { never, later, now };
  when scheduled_ = when::never; // the next look
  uint64_t turn_ = 0;            // its number; earlier ones do nothing
  bool log_away_ = false;        // said so in the log
};

live_feed_actor::behavior_type
live_feed(live_feed_actor::stateful_pointer<live_feed_state> self,
          const live_feed_setup& setup);

} // namespace eventpulse

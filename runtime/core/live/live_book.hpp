#pragma once
// Who follows the live feed, how far each has come, and what each gets next.
// Pure: the live_feed actor reads the logs and owns the sockets.
//
// There are two kinds of followers. Those who are near take from the newest
// stretch of the logs, which is read once for all. Those who are behind (they
// resume, or read slowly) are served a page of their own at a time, and only
// while they take what they were sent, so nobody makes the feed's memory grow
// and a slow one only falls behind.
//
// Two logs are merged by the database's clock, so an event comes before the
// alert that it raised: changes are read before events, hence every event that
// led to a change is there when the change is told.

#include "messages/web_socket.hpp"
#include "runtime/core/live/live_items.hpp"
#include "runtime/core/live/live_limits.hpp"
#include "runtime/core/live/recent_log.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace eventpulse {

struct live_book_options {
  size_t unsent_bytes_max = 1 << 20; // of one follower
  std::chrono::milliseconds stall_timeout{30'000};
  /// A follower whose filters let nothing pass is told its cursor so often.
  std::chrono::milliseconds progress_every{15'000};
  size_t recent_bytes_max = limits::live_recent_bytes;
};

class live_book {
public:
  using id = uint64_t;
  using send = std::function<void(id, web_socket_message)>;

  explicit live_book(live_book_options options);

  /// `now` is the present end of the logs. The follower starts at its cursor,
  /// else there, and is told so by its first message.
  void add(id who, live_request wants, const live_cursor& now, int64_t now_ms,
           const send& out);
  void remove(id who);
  size_t size() const { return all_.size(); }
  bool has(id who) const { return all_.contains(who); }

  /// So many of its bytes have left.
  void wrote(id who, size_t bytes, int64_t now_ms);

  /// Whether something waits for it for which it has room again.
  bool may_go_on(id who);

  bool follows_events() const;
  bool follows_changes() const;
  /// Read on from here, changes first.
  const order_key& events_end() const { return events_.end_place(); }
  int64_t changes_end() const;
  /// Changes that were read and wait for all events before them; no more are
  /// to be read meanwhile.
  bool holds_changes() const { return !waiting_.empty(); }

  void took(std::vector<live_change> changes);
  /// `more`: there are further events to read now.
  void took(std::vector<live_event> events, bool more);

  /// Everything new, for those who are near and have room.
  void serve(int64_t now_ms, const send& out);

  /// Those who need a page of their own and have room for it.
  std::vector<id> behind() const;
  const live_request& request_of(id who) const;
  const live_cursor& cursor_of(id who) const;
  /// A page of its own, read from its cursor on, changes first.
  void serve(id who, std::vector<live_change> changes, bool more_changes,
             std::vector<live_event> events, bool more_events, int64_t now_ms,
             const send& out);

  /// Those who took nothing for too long although something waits for them.
  std::vector<id> stalled(int64_t now_ms) const;

private:
  struct follower {
    live_request wants;
    live_cursor at;   // all up to here was sent, or was not for it
    live_cursor told; // of its newest message
    int64_t told_ms = 0;
    size_t unsent = 0;
    int64_t moved_ms = 0; // since when `unsent` has not gone down
  };
  template <class Events, class Changes>
  bool merge(id who, follower& f, Events events, bool more_events,
             Changes changes, int64_t now_ms, const send& out);
  void tell(id who, follower& f, std::shared_ptr<const std::string> head,
            int64_t now_ms, const send& out);
  void tell_progress(id who, follower& f, int64_t now_ms, const send& out);
  bool is_near(const follower& f) const;

  live_book_options options_;
  std::map<id, follower> all_;
  recent_log<live_event_item, order_key> events_;
  recent_log<live_change_item, int64_t> changes_;
  std::vector<live_change> waiting_;
};

} // namespace eventpulse

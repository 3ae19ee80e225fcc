#include "actors/live_feed.hpp"

#include "messages/problem.hpp"
#include "runtime/core/base/hash.hpp"
#include "runtime/core/intake/bearer.hpp"
#include "runtime/core/intake/request_target.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace eventpulse {

using namespace std::chrono_literals;

namespace {

constexpr auto away_interval = 1s; // between looks at a database that is away

constexpr auto* slow_reason =
    "you do not read; resume with the cursor of your last message";
constexpr auto* restart_reason =
    "the feed starts anew; resume with the cursor of your last message";

/// What the actor is told of one socket. It lives in the HTTP server's threads.
class socket_reports : public web_socket_listener {
public:
  socket_reports(live_feed_actor to, uint64_t who)
      : to_(std::move(to)), who_(who) {}

  void opened(std::shared_ptr<web_socket> socket) override {
    caf::anon_send(to_, up_atom::value, who_, std::move(socket));
  }
  void wrote(size_t bytes) override {
    caf::anon_send(to_, wrote_atom::value, who_, uint64_t{bytes});
  }
  void received(std::string, bool) override {
    caf::anon_send(to_, said_atom::value, who_);
  }
  void closed() override {
    if (!std::exchange(closed_, true))
      caf::anon_send(to_, down_atom::value, who_);
  }
  // An answer that comes too late is dropped with its listener.
  ~socket_reports() override { socket_reports::closed(); }

private:
  live_feed_actor to_;
  uint64_t who_;
  bool closed_ = false;
};

/// Whether all that follows the client's cursor is still there; if not, why.
std::string why_gone(const live_request& wants, const live_bounds& bounds) {
  if (!wants.after)
    return {};
  const auto& after = *wants.after;
  if (wants.wants_changes() && after.change > bounds.now.change)
    return "the cursor is ahead of this database, which was restored or is "
           "another one";
  const bool changes_gone =
      wants.wants_changes() && after.change < bounds.changes_trimmed;
  const bool events_gone = wants.wants_events() &&
                           after.event.received_at_ms > 0 &&
                           after.event.received_at_ms < bounds.events_since_ms;
  if (changes_gone || events_gone)
    return "what follows the cursor is not kept any more; look it up in the "
           "lists, and follow from now on";
  return {};
}

} // namespace

live_feed_actor::behavior_type live_feed_state::start(live_feed_setup setup) {
  setup_ = std::move(setup);
  log_ = setup_.open_log();
  book_ = std::make_unique<live_book>(setup_.book);
  self_->set_error_handler([](caf::error&) {});
  caf::anon_send(setup_.directory, follow_atom::value,
                 std::string("key_keeper"), caf::actor_cast<caf::actor>(self_));
  self_->delayed_send(self_, setup_.trim_interval, sweep_atom::value);
  return {
      [this](const web_socket_request& call) { handle(call); },
      [this](up_atom, uint64_t who, const web_socket_ptr& socket) {
        opened(who, socket);
      },
      [this](wrote_atom, uint64_t who, uint64_t bytes) {
        book_->wrote(who, bytes, setup_.surroundings->now_ms());
        if (book_->may_go_on(who))
          schedule(0ms);
      },
      [this](said_atom, uint64_t who) {
        close(who, close_code::unacceptable_data, "the feed takes no messages");
      },
      [this](down_atom, uint64_t who) { closed(who); },
      [this](keys_atom, const key_set_ptr& keys) {
        keys_ = keys;
        end_refused_keys();
      },
      [this](found_atom, const std::string&, const caf::actor& keeper) {
        caf::anon_send(caf::actor_cast<key_keeper_actor>(keeper),
                       follow_atom::value, caf::actor_cast<caf::actor>(self_));
      },
      [this](pump_atom, uint64_t turn) {
        if (turn != turn_)
          return; // one that came before it has done its work
        scheduled_ = when::never;
        pump();
      },
      [this](sweep_atom) {
        const auto delay = trim() ? 0ms : setup_.trim_interval;
        self_->delayed_send(self_, delay, sweep_atom::value);
      },
  };
}

live_feed_state::~live_feed_state() {
  for (auto& [who, one] : clients_)
    if (one.socket)
      one.socket->close(close_code::service_restart, restart_reason);
}

// -- letting in ---------------------------------------------------------------

void live_feed_state::handle(const web_socket_request& call) {
  auto query = intake::split_query(call.head->query);
  if (!query)
    return call.reply(
        to_http(failure{errc::malformed, "the target has a broken escape"}));
  auto wants = read_live_request(*query);
  if (!keys_)
    return call.reply(to_http(failure{errc::unavailable, "starting"}));
  // Whoever is not known is told no more than that.
  auto known = key_of(*call.head, std::holds_alternative<live_request>(wants)
                                      ? std::get<live_request>(wants)
                                      : live_request{});
  if (!known)
    return call.reply(to_http(known.error()));
  if (auto* wrong = std::get_if<problem>(&wants))
    return call.reply(to_http(*wrong));
  call.reply(admit(*call.head, std::get<live_request>(std::move(wants))));
}

/// The hash of the key, where it has the scope of every topic.
result<std::string> live_feed_state::key_of(const http_request& head,
                                            const live_request& wants) const {
  const auto now = setup_.surroundings->now_ms();
  auto topics = wants.topics;
  if (topics.empty())
    topics.insert(live_topic::alerts);
  std::string hash;
  for (auto topic : topics) {
    auto key = intake::authorize(head, *keys_, scope_of(topic), now);
    if (!key)
      return key.error();
    hash = key->hash;
  }
  return hash;
}

web_socket_reply live_feed_state::admit(const http_request& head,
                                        live_request wants) {
  if (clients_.size() >= setup_.connections_max)
    return to_http(
        failure{errc::overloaded, "the feed has its most clients, "
                                  "live.connections_max = " +
                                      std::to_string(setup_.connections_max)});
  auto hash = key_of(head, wants);
  if (!hash)
    return to_http(hash.error());
  auto bounds = log_->bounds();
  if (!bounds)
    return to_http(bounds.error());
  if (auto why = why_gone(wants, *bounds); !why.empty())
    return to_http(problem_type{410, "gone", "it is not there any more"}, why);
  const auto who = next_id_++;
  auto& one = clients_[who];
  one.wants = std::move(wants);
  one.now = bounds->now;
  one.key_hash = *hash;
  one.key_name = keys_->by_hash.at(*hash).name;
  web_socket_accept answer;
  answer.listener =
      std::make_shared<socket_reports>(live_feed_actor{self_}, who);
  answer.options = setup_.socket;
  return answer;
}

void live_feed_state::opened(uint64_t who, const web_socket_ptr& socket) {
  auto found = clients_.find(who);
  if (found == clients_.end())
    return;
  auto& one = found->second;
  one.socket = socket;
  book_->add(who, one.wants, one.now, setup_.surroundings->now_ms(), sending());
  setup_.log.info("live_opened", {{"client", who}, {"key", one.key_name}});
  end_refused_keys();
  schedule(0ms);
}

void live_feed_state::closed(uint64_t who) {
  book_->remove(who);
  if (clients_.erase(who) > 0)
    setup_.log.info("live_closed", {{"client", who}});
}

// -- feeding ------------------------------------------------------------------

/// One look is due at any time; an earlier one takes the place of a later.
void live_feed_state::schedule(std::chrono::milliseconds delay) {
  const auto wanted = delay == 0ms ? when::now : when::later;
  if (wanted <= scheduled_)
    return;
  scheduled_ = wanted;
  ++turn_;
  if (wanted == when::now)
    self_->send(self_, pump_atom::value, turn_);
  else
    self_->delayed_send(self_, delay, pump_atom::value, turn_);
}

live_book::send live_feed_state::sending() {
  return [this](live_book::id who, web_socket_message message) {
    if (auto found = clients_.find(who); found != clients_.end())
      found->second.socket->send(std::move(message));
  };
}

void live_feed_state::pump() {
  if (book_->size() == 0)
    return;
  end_refused_keys();
  const bool more = read_on();
  book_->serve(setup_.surroundings->now_ms(), sending());
  const bool behind = !log_away_ && serve_behind();
  end_stalled();
  schedule(log_away_        ? std::chrono::milliseconds{away_interval}
           : more || behind ? 0ms
                            : setup_.poll_interval);
}

/// Changes first, so that the events that led to them are there as well.
bool live_feed_state::read_on() {
  bool more = false;
  if (book_->follows_changes() &&
      (!book_->holds_changes() || !book_->follows_events()))
    more = read_changes();
  if (book_->follows_events())
    more = read_events() || more;
  return more;
}

bool live_feed_state::read_changes() {
  auto page = log_->changes(book_->changes_end(), limits::live_page_changes);
  if (!page)
    return lost_log(page.error());
  log_away_ = false;
  book_->took(std::move(page->changes));
  return page->more;
}

bool live_feed_state::read_events() {
  for (size_t i = 0; i < limits::live_pages_a_turn; ++i) {
    auto page = log_->events(book_->events_end(), limits::live_page_events,
                             limits::live_page_bytes);
    if (!page)
      return lost_log(page.error());
    log_away_ = false;
    book_->took(std::move(page->events), page->more);
    if (!page->more)
      return false;
  }
  return true;
}

/// A page for each that is not near. True where any may go on at once.
bool live_feed_state::serve_behind() {
  for (auto who : book_->behind()) {
    live_change_page changes;
    live_event_page events;
    const auto& wants = book_->request_of(who);
    const auto at = book_->cursor_of(who);
    if (wants.wants_changes()) {
      auto page = log_->changes(at.change, limits::live_page_changes);
      if (!page)
        return lost_log(page.error());
      changes = std::move(*page);
    }
    if (wants.wants_events()) {
      auto page = log_->events(at.event, limits::live_page_events,
                               limits::live_page_bytes);
      if (!page)
        return lost_log(page.error());
      events = std::move(*page);
    }
    book_->serve(who, std::move(changes.changes), changes.more,
                 std::move(events.events), events.more,
                 setup_.surroundings->now_ms(), sending());
  }
  return !book_->behind().empty();
}

/// Followers keep their sockets; what they miss comes when it is back.
bool live_feed_state::lost_log(const failure& why) {
  if (!std::exchange(log_away_, true))
    setup_.log.warn("live_log_away", {{"reason", to_string(why)}});
  return false;
}

// -- ending -------------------------------------------------------------------

void live_feed_state::close(uint64_t who, uint16_t code,
                            const std::string& reason) {
  auto found = clients_.find(who);
  if (found == clients_.end() || !found->second.socket)
    return;
  setup_.log.info("live_ended", {{"client", who},
                                 {"key", found->second.key_name},
                                 {"code", code},
                                 {"reason", reason}});
  // It counts until it is gone, but gets nothing more.
  book_->remove(who);
  found->second.socket->close(code, reason);
}

void live_feed_state::end_stalled() {
  for (auto who : book_->stalled(setup_.surroundings->now_ms()))
    close(who, close_code::too_slow, slow_reason);
}

void live_feed_state::end_refused_keys() {
  const auto now = setup_.surroundings->now_ms();
  for (auto& [who, one] : clients_) {
    if (!one.socket || !book_->has(who))
      continue;
    auto key = keys_->by_hash.find(one.key_hash);
    bool good = key != keys_->by_hash.end();
    for (auto topic : one.wants.topics)
      good = good && key->second.allows(scope_of(topic), now);
    if (!good)
      close(who, close_code::policy, "the API key is not valid any more");
  }
}

/// A little at a time; true where there may be more. A failure is tried again.
bool live_feed_state::trim() {
  auto dropped =
      log_->trim(setup_.keep, setup_.keep_rows, limits::live_trim_rows);
  return dropped && *dropped == limits::live_trim_rows;
}

live_feed_actor::behavior_type
live_feed(live_feed_actor::stateful_pointer<live_feed_state> self,
          const live_feed_setup& setup) {
  return self->state.start(setup);
}

} // namespace eventpulse

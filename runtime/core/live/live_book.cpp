#include "runtime/core/live/live_book.hpp"

#include "runtime/core/live/live_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace eventpulse {

namespace {

template <class T>
struct stretch {
  T next;
  T end;
  bool done() const { return next == end; }
};

template <class Item, class From>
std::vector<Item> items_of(std::vector<From> all) {
  std::vector<Item> out;
  out.reserve(all.size());
  for (auto& one : all)
    out.emplace_back(std::move(one));
  return out;
}

std::string topics_json(const live_request& r) {
  boost::json::array topics;
  for (auto topic : r.topics)
    topics.push_back(boost::json::string(to_string(topic)));
  return boost::json::serialize(boost::json::object{{"topics", topics}});
}

} // namespace

live_book::live_book(live_book_options options)
    : options_(options), events_(options.recent_bytes_max),
      changes_(options.recent_bytes_max) {}

// -- followers ----------------------------------------------------------------

void live_book::add(id who, live_request wants, const live_cursor& now,
                    int64_t now_ms, const send& out) {
  // What nobody followed was not read.
  if (wants.wants_events() && !follows_events())
    events_.reset(now.event);
  if (wants.wants_changes() && !follows_changes()) {
    changes_.reset(now.change);
    waiting_.clear();
  }
  follower f;
  f.at = wants.after.value_or(now);
  f.wants = std::move(wants);
  auto& kept = all_.insert_or_assign(who, std::move(f)).first->second;
  tell(who, kept,
       std::make_shared<const std::string>(
           live_text("live.ready", now_ms, topics_json(kept.wants))),
       now_ms, out);
}

void live_book::remove(id who) {
  all_.erase(who);
}

void live_book::wrote(id who, size_t bytes, int64_t now_ms) {
  auto found = all_.find(who);
  if (found == all_.end())
    return;
  auto& f = found->second;
  f.unsent -= std::min(bytes, f.unsent);
  f.moved_ms = now_ms;
}

bool live_book::may_go_on(id who) {
  auto found = all_.find(who);
  if (found == all_.end())
    return false;
  const auto& f = found->second;
  if (f.unsent > options_.unsent_bytes_max / 2)
    return false;
  return !is_near(f) ||
         (f.wants.wants_events() &&
          events_.after(f.at.event) != events_.end()) ||
         (f.wants.wants_changes() &&
          changes_.after(f.at.change) != changes_.end());
}

bool live_book::follows_events() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](auto& one) { return one.second.wants.wants_events(); });
}

bool live_book::follows_changes() const {
  return std::any_of(all_.begin(), all_.end(), [](auto& one) {
    return one.second.wants.wants_changes();
  });
}

const live_request& live_book::request_of(id who) const {
  return all_.at(who).wants;
}

const live_cursor& live_book::cursor_of(id who) const {
  return all_.at(who).at;
}

bool live_book::is_near(const follower& f) const {
  return (!f.wants.wants_events() || events_.covers(f.at.event)) &&
         (!f.wants.wants_changes() || changes_.covers(f.at.change));
}

std::vector<live_book::id> live_book::behind() const {
  // Half empty, so that a page is not read for the sake of one message.
  std::vector<id> out;
  for (auto& [who, f] : all_)
    if (!is_near(f) && f.unsent <= options_.unsent_bytes_max / 2)
      out.push_back(who);
  return out;
}

std::vector<live_book::id> live_book::stalled(int64_t now_ms) const {
  std::vector<id> out;
  for (auto& [who, f] : all_)
    if (f.unsent > 0 && now_ms - f.moved_ms > options_.stall_timeout.count())
      out.push_back(who);
  return out;
}

// -- the newest stretch -------------------------------------------------------

int64_t live_book::changes_end() const {
  return waiting_.empty() ? changes_.end_place() : waiting_.back().number;
}

void live_book::took(std::vector<live_change> changes) {
  for (auto& c : changes)
    waiting_.push_back(std::move(c));
  if (follows_events())
    return;
  for (auto& c : waiting_)
    changes_.append(live_change_item{std::move(c)});
  waiting_.clear();
}

void live_book::took(std::vector<live_event> events, bool more) {
  for (auto& e : events)
    events_.append(live_event_item{std::move(e)});
  if (more)
    return;
  for (auto& c : waiting_)
    changes_.append(live_change_item{std::move(c)});
  waiting_.clear();
}

// -- what goes out ------------------------------------------------------------

void live_book::serve(int64_t now_ms, const send& out) {
  for (auto& [who, f] : all_) {
    if (!is_near(f))
      continue;
    using events = decltype(events_)::iterator;
    using changes = decltype(changes_)::iterator;
    stretch<events> e{events_.end(), events_.end()};
    stretch<changes> c{changes_.end(), changes_.end()};
    if (f.wants.wants_events())
      e.next = events_.after(f.at.event);
    if (f.wants.wants_changes())
      c.next = changes_.after(f.at.change);
    merge(who, f, e, false, c, now_ms, out);
  }
}

void live_book::serve(id who, std::vector<live_change> changes,
                      bool more_changes, std::vector<live_event> events,
                      bool more_events, int64_t now_ms, const send& out) {
  auto found = all_.find(who);
  if (found == all_.end())
    return;
  auto& f = found->second;
  auto e = items_of<live_event_item>(std::move(events));
  auto c = items_of<live_change_item>(std::move(changes));
  const bool all = merge(
      who, f, stretch<decltype(e.begin())>{e.begin(), e.end()}, more_events,
      stretch<decltype(c.begin())>{c.begin(), c.end()}, now_ms, out);
  // The newest stretch began before these pages were read, so nothing lies
  // between, even where its beginning is no event's or change's place.
  if (!all || more_changes || more_events)
    return;
  if (f.wants.wants_events())
    f.at.event = std::max(f.at.event, events_.begin_place());
  if (f.wants.wants_changes())
    f.at.change = std::max(f.at.change, changes_.begin_place());
}

/// Whether it came to the end of both.
template <class Events, class Changes>
bool live_book::merge(id who, follower& f, Events events, bool more_events,
                      Changes changes, int64_t now_ms, const send& out) {
  const auto pass = [&](auto& item) {
    item.move(f.at);
    if (item.concerns(f.wants))
      tell(who, f, item.text(), now_ms, out);
  };
  while (f.unsent < options_.unsent_bytes_max) {
    // What led to a change may be among the events that were not read yet.
    if (events.done() && (more_events || changes.done()))
      break;
    const bool event_first =
        changes.done() ||
        (!events.done() && events.next->at_ms() <= changes.next->at_ms());
    if (event_first)
      pass(*events.next++);
    else
      pass(*changes.next++);
  }
  tell_progress(who, f, now_ms, out);
  return events.done() && changes.done();
}

void live_book::tell(id who, follower& f,
                     std::shared_ptr<const std::string> head, int64_t now_ms,
                     const send& out) {
  web_socket_message message{std::move(head), live_tail(f.at)};
  if (f.unsent == 0)
    f.moved_ms = now_ms;
  f.unsent += message.size();
  f.told = f.at;
  f.told_ms = now_ms;
  out(who, std::move(message));
}

void live_book::tell_progress(id who, follower& f, int64_t now_ms,
                              const send& out) {
  if (f.told == f.at || now_ms - f.told_ms < options_.progress_every.count() ||
      f.unsent >= options_.unsent_bytes_max)
    return;
  tell(who, f,
       std::make_shared<const std::string>(live_text("live.progress", now_ms)),
       now_ms, out);
}

} // namespace eventpulse

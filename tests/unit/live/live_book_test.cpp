#define CAF_SUITE live_book
#include <caf/test/unit_test.hpp>

#include "runtime/core/live/live_book.hpp"
#include "runtime/core/live/live_text.hpp"
#include "tests/support/sample_events.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <random>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

live_event event_at(int64_t ms, size_t bytes = 0) {
  live_event e;
  e.what.document = sample_document("e" + std::to_string(ms));
  if (bytes > 0)
    e.what.document.payload = '"' + std::string(bytes, 'x') + '"';
  e.what.where = {0, static_cast<uint64_t>(ms), 0};
  e.what.received_at_ms = ms;
  e.persisted_at_ms = ms;
  return e;
}

live_change change_at(int64_t number, int64_t ms,
                      live_topic topic = live_topic::rules) {
  live_change c;
  c.number = number;
  c.at_ms = ms;
  c.topic = topic;
  c.type = "c" + std::to_string(number);
  c.about = "r";
  c.body = "{}";
  return c;
}

live_request wanting(std::set<live_topic> topics) {
  live_request r;
  r.topics = std::move(topics);
  return r;
}

live_request all_topics() {
  return wanting({live_topic::events, live_topic::rules});
}

live_cursor at(int64_t event_ms, int64_t change) {
  return {{event_ms, 0, static_cast<uint64_t>(event_ms), 0}, change};
}

/// A book, and what each follower got: "ready", "e5", "c2", "progress".
struct house {
  explicit house(live_book_options o = {}) : book(o) {}

  live_book book;
  std::map<live_book::id, lines> got;
  std::map<live_book::id, std::string> cursors;
  int64_t now = 1'000'000;

  live_book::send out() {
    return [this](live_book::id who, web_socket_message m) {
      auto told = json::parse(*m.head + m.tail).as_object();
      std::string type{told["type"].as_string()};
      if (type == "event.persisted")
        type = std::string(told["data"].as_object()["id"].as_string());
      got[who].push_back(type.starts_with("live.") ? type.substr(5) : type);
      cursors[who] = std::string(told["cursor"].as_string());
      unsent[who] += m.size();
    };
  }
  std::map<live_book::id, size_t> unsent;

  void add(live_book::id who, live_request r, live_cursor place) {
    book.add(who, std::move(r), place, now, out());
  }
  void serve() { book.serve(now, out()); }
  void drain(live_book::id who) {
    book.wrote(who, std::exchange(unsent[who], 0), now);
  }
  lines take(live_book::id who) {
    drain(who);
    return std::exchange(got[who], {});
  }
};

std::string text(const lines& all) {
  std::string out;
  for (auto& one : all)
    out += (out.empty() ? "" : " ") + one;
  return out;
}

/// Each log whole and in its order, and no change before an event of before it.
std::string fault_in(const lines& got, const std::vector<live_event>& events,
                     const std::vector<live_change>& changes) {
  size_t e = 0, c = 0;
  for (auto& one : got) {
    if (one[0] == 'e') {
      if (e == events.size() || one != events[e++].what.document.id)
        return "an event is out of order at " + one;
      continue;
    }
    if (c == changes.size() || one != changes[c].type)
      return "a change is out of order at " + one;
    if (e < events.size() && events[e].persisted_at_ms < changes[c].at_ms)
      return one + " came before " + events[e].what.document.id;
    ++c;
  }
  return e == events.size() && c == changes.size() ? "" : "it is not all";
}

} // namespace

CAF_TEST(a follower is told where it stands and then what is new) {
  house h;
  h.add(1, all_topics(), at(10, 5));
  CAF_CHECK_EQUAL(text(h.take(1)), "ready");
  CAF_CHECK_EQUAL(h.cursors[1], to_string(at(10, 5)));
  h.book.took({change_at(6, 12)});
  h.book.took({event_at(11), event_at(13)}, false);
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "e11 c6 e13");
  CAF_CHECK_EQUAL(h.cursors[1], to_string(at(13, 6)));
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "");
}

CAF_TEST(an event comes before what it led to) {
  house h;
  h.add(1, all_topics(), at(10, 5));
  h.take(1);
  // The change is read first; until the events are, it waits.
  h.book.took({change_at(6, 12)});
  CAF_CHECK(h.book.holds_changes());
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "");
  h.book.took({event_at(11)}, true);
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "e11");
  h.book.took({event_at(12)}, false);
  CAF_CHECK(!h.book.holds_changes());
  h.serve();
  // At the same time the event comes first.
  CAF_CHECK_EQUAL(text(h.take(1)), "e12 c6");
}

CAF_TEST(everybody gets what concerns him) {
  house h;
  h.add(1, wanting({live_topic::events}), at(10, 5));
  h.add(2, wanting({live_topic::rules}), at(10, 5));
  auto strict = all_topics();
  strict.type = "nothing";
  h.add(3, strict, at(10, 5));
  for (auto who : {1, 2, 3})
    h.take(who);
  h.book.took({change_at(6, 12), change_at(7, 12, live_topic::system)});
  h.book.took({event_at(11)}, false);
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "e11");
  CAF_CHECK_EQUAL(text(h.take(2)), "c6");
  CAF_CHECK_EQUAL(text(h.take(3)), "c6");
  // What one did not ask for does not move in his cursor.
  CAF_CHECK_EQUAL(h.cursors[1], to_string(at(11, 5)));
  CAF_CHECK_EQUAL(h.cursors[2], to_string(at(10, 6)));
  // What was passed over does.
  CAF_CHECK_EQUAL(to_string(h.book.cursor_of(3)), to_string(at(11, 7)));
}

CAF_TEST(whoever takes nothing is sent no more than the bound) {
  live_book_options o;
  o.unsent_bytes_max = 3000;
  house h{o};
  h.add(1, wanting({live_topic::events}), at(0, 0));
  h.add(2, wanting({live_topic::events}), at(0, 0));
  h.take(1);
  h.take(2);
  std::vector<live_event> all;
  for (int64_t i = 1; i <= 50; ++i)
    all.push_back(event_at(i, 500));
  h.book.took(all, false);
  h.serve();
  const auto first = h.got[1].size();
  CAF_CHECK(first > 0 && first < 8);
  CAF_CHECK(h.unsent[1] < 3000 + 1000);
  h.serve();
  CAF_CHECK_EQUAL(h.got[1].size(), first);
  // The other reads on, and neither misses anything.
  lines second;
  for (int i = 0; i < 50; ++i) {
    auto some = h.take(2);
    second.insert(second.end(), some.begin(), some.end());
    h.serve();
  }
  CAF_CHECK_EQUAL(second.size(), 50u);
  lines slow;
  for (int i = 0; i < 50; ++i) {
    auto some = h.take(1);
    slow.insert(slow.end(), some.begin(), some.end());
    h.serve();
  }
  CAF_CHECK_EQUAL(text(slow), text(second));
}

CAF_TEST(one that stands still is found and one that moves is not ) {
  live_book_options o;
  o.stall_timeout = 30s;
  house h{o};
  h.add(1, wanting({live_topic::events}), at(0, 0));
  h.add(2, wanting({live_topic::events}), at(0, 0));
  h.drain(2);
  h.now += 30'000;
  CAF_CHECK(h.book.stalled(h.now).empty());
  h.now += 1;
  CAF_CHECK(h.book.stalled(h.now) == std::vector<live_book::id>{1});
  // A little progress counts, and so does having nothing to take.
  h.book.wrote(1, 1, h.now);
  CAF_CHECK(h.book.stalled(h.now + 30'000).empty());
  h.drain(1);
  CAF_CHECK(h.book.stalled(h.now + 1'000'000).empty());
}

CAF_TEST(one that resumes gets pages of its own until it is near) {
  house h;
  h.add(1, all_topics(), at(100, 50));
  h.take(1);
  auto r = all_topics();
  r.after = at(10, 5);
  h.add(2, r, at(100, 50));
  CAF_CHECK_EQUAL(text(h.take(2)), "ready");
  CAF_CHECK(h.book.behind() == std::vector<live_book::id>{2});
  h.book.serve(2, {change_at(20, 15), change_at(50, 60)}, false,
               {event_at(11), event_at(16)}, true, h.now, h.out());
  // Events after 16 may have led to change 50.
  CAF_CHECK_EQUAL(text(h.take(2)), "e11 c20 e16");
  CAF_CHECK_EQUAL(h.cursors[2], to_string(at(16, 20)));
  CAF_CHECK(h.book.behind() == std::vector<live_book::id>{2});
  // Read to the end, it is near, although its last event lies before where
  // the newest stretch begins.
  h.book.serve(2, {change_at(50, 60)}, false, {event_at(90)}, false, h.now,
               h.out());
  CAF_CHECK_EQUAL(text(h.take(2)), "c50 e90");
  CAF_CHECK(h.book.behind().empty());
  h.book.took({change_at(51, 102)});
  h.book.took({event_at(101)}, false);
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(2)), "e101 c51");
  CAF_CHECK_EQUAL(text(h.take(1)), "e101 c51");
}

CAF_TEST(one that falls out of the newest stretch is behind) {
  live_book_options o;
  o.unsent_bytes_max = 4000;
  o.recent_bytes_max = 10'000;
  house h{o};
  h.add(1, wanting({live_topic::events}), at(0, 0));
  h.take(1);
  std::vector<live_event> all;
  for (int64_t i = 1; i <= 100; ++i)
    all.push_back(event_at(i, 100));
  h.book.took(all, false);
  CAF_CHECK(h.book.behind() == std::vector<live_book::id>{1});
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "");
  // Its own pages end where its bound does; the rest is read again.
  lines got;
  for (int i = 0; i < 100 && !h.book.behind().empty(); ++i) {
    auto from = h.book.cursor_of(1).event.received_at_ms;
    h.book.serve(1, {}, false, {all.begin() + from, all.end()}, false, h.now,
                 h.out());
    auto some = h.take(1);
    got.insert(got.end(), some.begin(), some.end());
  }
  h.serve();
  auto rest = h.take(1);
  got.insert(got.end(), rest.begin(), rest.end());
  for (int i = 0; i < 100 && got.size() < 100; ++i) {
    h.serve();
    rest = h.take(1);
    got.insert(got.end(), rest.begin(), rest.end());
  }
  CAF_REQUIRE_EQUAL(got.size(), 100u);
  for (size_t i = 0; i < got.size(); ++i)
    CAF_CHECK_EQUAL(got[i], "e" + std::to_string(i + 1));
}

CAF_TEST(one that is not half empty gets no page) {
  live_book_options o;
  o.unsent_bytes_max = 400;
  house h{o};
  auto r = wanting({live_topic::events});
  r.after = at(1, 0);
  h.add(1, wanting({live_topic::events}), at(100, 0));
  h.add(2, r, at(100, 0));
  CAF_CHECK(h.book.behind() == std::vector<live_book::id>{2});
  h.book.serve(2, {}, false, {event_at(2), event_at(3)}, true, h.now, h.out());
  CAF_CHECK(h.book.behind().empty());
  h.drain(2);
  CAF_CHECK(h.book.behind() == std::vector<live_book::id>{2});
}

CAF_TEST(whoever is passed over for long is told his cursor) {
  live_book_options o;
  o.progress_every = 15s;
  house h{o};
  auto r = wanting({live_topic::events});
  r.type = "never";
  h.add(1, r, at(0, 0));
  h.take(1);
  h.book.took({event_at(1)}, false);
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "");
  h.now += 15'000;
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "progress");
  CAF_CHECK_EQUAL(h.cursors[1], to_string(at(1, 0)));
  h.now += 15'000;
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(1)), "");
}

CAF_TEST(changes do not wait for events that nobody reads) {
  house h;
  h.add(1, all_topics(), at(0, 0));
  h.add(2, wanting({live_topic::rules}), at(0, 0));
  h.take(2);
  h.book.took({change_at(1, 1)});
  CAF_CHECK(h.book.holds_changes());
  h.book.remove(1);
  h.book.took(std::vector<live_change>{});
  h.serve();
  CAF_CHECK_EQUAL(text(h.take(2)), "c1");
}

CAF_TEST(the first who follows begins at the end of the logs) {
  house h;
  h.add(1, wanting({live_topic::events}), at(10, 5));
  h.book.took({event_at(11)}, false);
  h.book.remove(1);
  // Nobody read meanwhile; what the stretch had is of no use.
  h.add(2, all_topics(), at(500, 90));
  CAF_CHECK(h.book.events_end() == at(500, 0).event);
  CAF_CHECK_EQUAL(h.book.changes_end(), 90);
  CAF_CHECK(h.book.behind().empty());
}

// Any number of followers, cut off and coming back at any message, each with
// its own appetite: what each got, one connection after the other, is the
// whole.
CAF_TEST(nobody who resumes misses or repeats anything) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random{seed};
    const auto upto = [&](int n) {
      return static_cast<int>(random() % static_cast<unsigned>(n + 1));
    };
    live_book_options o;
    o.unsent_bytes_max = 1500;
    o.recent_bytes_max = 8000;
    house h{o};
    std::vector<live_event> events;
    std::vector<live_change> changes;
    lines everything;
    for (int64_t i = 1; i <= 120; ++i) {
      if (random() % 3 == 0) {
        changes.push_back(
            change_at(static_cast<int64_t>(changes.size()) + 1, i));
        everything.push_back(changes.back().type);
      } else {
        events.push_back(event_at(i, 100));
        everything.push_back("e" + std::to_string(i));
      }
    }
    size_t seen_events = 0, seen_changes = 0; // committed so far
    const auto new_events = [&](const order_key& after, size_t limit) {
      std::vector<live_event> out;
      for (size_t i = 0; i < seen_events && out.size() < limit; ++i)
        if (events[i].what.key() > after)
          out.push_back(events[i]);
      return out;
    };
    const auto new_changes = [&](int64_t after) {
      std::vector<live_change> out;
      for (size_t i = 0; i < seen_changes; ++i)
        if (changes[i].number > after)
          out.push_back(changes[i]);
      return out;
    };
    const auto bounds = [&] {
      live_cursor c;
      if (seen_events > 0)
        c.event = events[seen_events - 1].what.key();
      c.change = static_cast<int64_t>(seen_changes);
      return c;
    };
    std::map<live_book::id, lines> whole;
    const auto come = [&](live_book::id who, std::optional<live_cursor> from) {
      auto r = all_topics();
      r.after = from;
      h.add(who, r, bounds());
    };
    for (live_book::id who = 1; who <= 3; ++who)
      come(who, live_cursor{});
    for (int turn = 0; turn < 20'000; ++turn) {
      const bool all_there =
          std::all_of(whole.begin(), whole.end(), [&](auto& one) {
            return one.second.size() == everything.size();
          });
      if (whole.size() == 3 && all_there)
        break;
      // Commits, in the order of their times.
      for (int i = upto(4); i > 0; --i) {
        const bool event_next =
            seen_events < events.size() &&
            (seen_changes == changes.size() ||
             events[seen_events].persisted_at_ms < changes[seen_changes].at_ms);
        if (event_next)
          ++seen_events;
        else if (seen_changes < changes.size())
          ++seen_changes;
      }
      if (!h.book.holds_changes())
        h.book.took(new_changes(h.book.changes_end()));
      const auto limit = static_cast<size_t>(1 + upto(9));
      auto page = new_events(h.book.events_end(), limit);
      const bool more = page.size() == limit;
      h.book.took(std::move(page), more);
      h.serve();
      for (auto who : h.book.behind()) {
        auto own_changes = new_changes(h.book.cursor_of(who).change);
        auto own = new_events(h.book.cursor_of(who).event, limit);
        const bool more_own = own.size() == limit;
        h.book.serve(who, std::move(own_changes), false, std::move(own),
                     more_own, h.now, h.out());
      }
      for (live_book::id who = 1; who <= 3; ++who) {
        if (upto(2) == 0) // reads what came
          for (auto& one : h.take(who))
            if (one != "ready" && one != "progress")
              whole[who].push_back(one);
        if (upto(15) == 0) { // is cut off, and loses what it has not read
          h.book.remove(who);
          const auto unread = std::exchange(h.got[who], {});
          h.unsent[who] = 0;
          if (unread.empty())
            come(who, parse_live_cursor(h.cursors[who]));
          else { // the cursor of the last message that it has read
            live_cursor c;
            for (auto& one : whole[who])
              if (one[0] == 'e')
                c.event = at(std::stoll(one.substr(1)), 0).event;
              else
                c.change = std::stoll(one.substr(1));
            come(who, c);
          }
        }
      }
    }
    for (live_book::id who = 1; who <= 3; ++who)
      if (auto wrong = fault_in(whole[who], events, changes); !wrong.empty())
        CAF_FAIL("seed " << seed << ", follower " << who << ", " << wrong
                         << ": " << text(whole[who]));
  }
}

CAF_TEST(messages are JSON with topic type time data and cursor) {
  auto c = change_at(6, 1'767'225'600'000);
  auto text_of = live_text(c) + live_tail(at(1, 6));
  CAF_CHECK_EQUAL(text_of, R"({"topic":"rules","type":"c6","at":)"
                           R"("2026-01-01T00:00:00.000Z","data":{},)"
                           R"("cursor":"6_1_0-1-0"})");
  c.topic = live_topic::alerts;
  c.after = alert{};
  c.after->id = "a1";
  auto told = json::parse(live_text(c) + live_tail({})).as_object();
  CAF_CHECK_EQUAL(std::string(told["data"].as_object()["id"].as_string()),
                  "a1");
  auto e = json::parse(live_text(event_at(5)) + live_tail({})).as_object();
  auto& data = e["data"].as_object();
  CAF_CHECK_EQUAL(std::string(data["position"].as_string()), "0-5-0");
  CAF_CHECK(data.contains("persisted_at"));
}

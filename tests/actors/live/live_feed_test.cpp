#define CAF_SUITE live_feed
#define FAIL CAF_FAIL

// The live feed: who is let in, who gets what, and how it ends. Sockets are
// the test's, the database is in memory, time is virtual.

#include "actors/key_keeper.hpp"
#include "actors/live_feed.hpp"
#include "runtime/core/base/hash.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

/// The other end of a socket.
class client_end : public web_socket {
public:
  void send(web_socket_message m) override {
    auto told = json::parse((m.head ? *m.head : "") + m.tail).as_object();
    cursor = std::string(told["cursor"].as_string());
    types.push_back(std::string(told["type"].as_string()));
    messages.push_back(std::move(told));
    unread += m.size();
  }
  void close(uint16_t c, std::string r) override {
    code = c;
    reason = std::move(r);
  }

  std::string all() const {
    std::string out;
    for (auto& one : types)
      out += (out.empty() ? "" : " ") + one;
    return out;
  }

  std::vector<json::object> messages;
  std::vector<std::string> types;
  std::string cursor;
  size_t unread = 0;
  uint16_t code = 0;
  std::string reason;
};

struct opened_socket {
  std::shared_ptr<web_socket_listener> listener;
  std::shared_ptr<client_end> end;

  /// Reads all that has come.
  void read() { listener->wrote(std::exchange(end->unread, 0)); }
};

struct fixture : actor_fixture {
  live_feed_actor feed;
  key_keeper_actor keeper;
  lease_token evaluation, p0;
  uint64_t ms = 0;
  live_feed_setup setup;

  fixture() {
    for (auto s : {scope::admin, scope::rules_read, scope::events_read,
                   scope::alerts_read}) {
      api_key key;
      key.id = key.name = std::string(to_string(s));
      key.hash = sha256_hex("ep_" + key.name);
      key.scopes = {s};
      CAF_REQUIRE(memory::make_key_store(db)->add(key, me).ok());
    }
    evaluation = take_lease("evaluation", "w");
    p0 = take_lease("p0", "w");
    key_keeper_setup keeps;
    keeps.open_store = [this] { return memory::make_key_store(db); };
    keeps.open_mirror = [this] { return memory::make_key_mirror(stream); };
    keeps.directory = directory;
    keeps.log = log;
    keeper = live(sys.spawn(key_keeper, keeps));
    setup.open_log = [this] { return memory::make_live_log(db); };
    setup.directory = directory;
    setup.surroundings = surroundings;
    setup.log = log;
  }
  ~fixture() override {
    feed = nullptr;
    keeper = nullptr;
  }

  void start() {
    feed = live(sys.spawn(live_feed, setup));
    settle();
  }

  web_socket_reply ask_feed(const std::string& query, const std::string& key) {
    auto head = std::make_shared<http_request>();
    head->method = "GET";
    head->path = "/v1/live";
    head->query = query;
    head->headers.emplace_back("Authorization", "Bearer ep_" + key);
    std::optional<web_socket_reply> answer;
    web_socket_request call;
    call.head = head;
    call.reply = [&](web_socket_reply r) { answer = std::move(r); };
    caf::anon_send(feed, call);
    settle();
    if (!answer)
      CAF_FAIL("no answer");
    return std::move(*answer);
  }

  /// "422 the detail" of a refusal.
  std::string refusal(const std::string& query, const std::string& key) {
    auto answer = ask_feed(query, key);
    auto* r = std::get_if<http_response>(&answer);
    if (!r)
      return "let in";
    auto body = json::parse(r->body).as_object();
    auto* detail = body.if_contains("detail");
    return std::to_string(r->status) + ' ' +
           (detail ? std::string(detail->as_string()) : "");
  }

  opened_socket open(const std::string& query,
                     const std::string& key = "admin") {
    auto answer = ask_feed(query, key);
    auto* upgrade = std::get_if<web_socket_accept>(&answer);
    if (!upgrade)
      CAF_FAIL(std::get<http_response>(answer).body);
    opened_socket out{upgrade->listener, std::make_shared<client_end>()};
    out.listener->opened(out.end);
    settle();
    return out;
  }

  void persist(const std::string& id, const std::string& type = "t",
               const std::string& data = "1") {
    auto e = sample_event({0, day_start_ms + ++ms, 0}, id);
    e.document.type = type;
    e.document.payload = data;
    CAF_REQUIRE(memory::make_event_store(db)->persist(sample_request(p0, {e})));
  }

  void raise(const std::string& id, const std::string& rule = "r",
             alert_state state = alert_state::firing) {
    outcome_commit c;
    c.lease = evaluation;
    alert a;
    a.id = id;
    a.rule = rule;
    a.state = state;
    a.group_json = "[]";
    c.changes = {{alert_change::kind::opened, a, {}}};
    CAF_REQUIRE(memory::make_outcome_store(db)->commit(c));
  }

  void revoke(const std::string& key) {
    CAF_REQUIRE(memory::make_key_store(db)->revoke(key, surroundings->now, me));
    pass(1s);
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != text.npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(live_feed_tests, fixture)

CAF_TEST(a topic needs its scope) {
  start();
  CAF_CHECK_EQUAL(refusal("", "alerts:read"), "let in");
  CAF_CHECK_EQUAL(refusal("topics=alerts,deliveries", "alerts:read"), "let in");
  CAF_CHECK_EQUAL(refusal("topics=events", "events:read"), "let in");
  CAF_CHECK_EQUAL(refusal("topics=rules", "rules:read"), "let in");
  CAF_CHECK(contains(refusal("topics=events,alerts", "alerts:read"),
                     "403 the API key 'alerts:read' lacks the scope "
                     "events:read"));
  CAF_CHECK(contains(refusal("topics=system", "events:read"), "403"));
  CAF_CHECK(contains(refusal("", "unknown"), "401"));
  CAF_CHECK(contains(refusal("topics=nonsense", "unknown"), "401"));
}

CAF_TEST(what is asked wrongly is refused) {
  start();
  CAF_CHECK(contains(refusal("topics=event", "admin"), "422"));
  CAF_CHECK(contains(refusal("where=event.type+%3D", "admin"), "422 where"));
  CAF_CHECK(contains(refusal("after=x", "admin"), "422 after"));
  CAF_CHECK(contains(refusal("topics=%ff", "admin"), "400"));
}

CAF_TEST(before the keys are known it is 503) {
  directory_actor empty = live(spawn_directory(sys));
  setup.directory = empty;
  start();
  CAF_CHECK_EQUAL(refusal("", "admin"), "503 starting");
}

CAF_TEST(followers get what is new and concerns them) {
  start();
  persist("before");
  auto all = open("topics=events,alerts,system");
  auto alerts = open("", "alerts:read");
  auto some = open("topics=events&type=order&where=event.data.total+%3E+10");
  CAF_CHECK_EQUAL(all.end->all(), "live.ready");
  persist("e1", "order", R"({"total":5})");
  persist("e2", "order", R"({"total":50})");
  raise("a1");
  pass(200ms);
  CAF_CHECK_EQUAL(all.end->all(), "live.ready event.persisted event.persisted "
                                  "alert.opened");
  CAF_CHECK_EQUAL(alerts.end->all(), "live.ready alert.opened");
  CAF_CHECK_EQUAL(some.end->all(), "live.ready event.persisted");
  auto& data = some.end->messages.back()["data"].as_object();
  CAF_CHECK_EQUAL(std::string(data["id"].as_string()), "e2");
  take_lease("p1", "w");
  pass(200ms);
  CAF_CHECK_EQUAL(all.end->types.back(), "lease.taken");
}

CAF_TEST(one that comes back goes on where it was) {
  start();
  auto first = open("topics=events,alerts");
  persist("e1");
  raise("a1");
  pass(200ms);
  auto cursor = first.end->cursor;
  first.listener->closed();
  settle();
  persist("e2");
  raise("a1", "r", alert_state::resolved);
  persist("e3");
  pass(1s);
  auto second = open("topics=events,alerts&after=" + cursor);
  pass(200ms);
  CAF_CHECK_EQUAL(second.end->all(),
                  "live.ready event.persisted event.persisted alert.resolved");
  // Nobody is told anything twice by looking again.
  pass(2s);
  CAF_CHECK_EQUAL(second.end->messages.size(), 4u);
}

CAF_TEST(a cursor whose successors are gone is refused with 410) {
  setup.keep = 1h;
  start();
  auto first = open("");
  for (int i = 0; i < 3; ++i)
    raise("a" + std::to_string(i));
  pass(200ms);
  auto cursor = first.end->cursor;
  auto old = live_cursor{};
  CAF_CHECK_EQUAL(refusal("after=" + cursor, "admin"), "let in");
  surroundings->now += 2 * 3'600'000;
  pass(61s); // trims
  raise("a9");
  CAF_CHECK(contains(refusal("after=" + to_string(old), "admin"),
                     "410 what follows"));
  // It has seen all that was dropped.
  CAF_CHECK_EQUAL(refusal("after=" + cursor, "admin"), "let in");
  auto ahead = *parse_live_cursor(cursor);
  ahead.change += 1000;
  CAF_CHECK(contains(refusal("after=" + to_string(ahead), "admin"),
                     "410 the cursor is ahead"));
}

CAF_TEST(there are no more clients than the bound) {
  setup.connections_max = 2;
  start();
  auto first = open("");
  {
    // Let in and never come: it gives its place back.
    auto pending = ask_feed("", "admin");
    CAF_CHECK(contains(refusal("", "admin"), "503 the feed has its most"));
  }
  settle();
  auto second = open("");
  CAF_CHECK(contains(refusal("", "admin"), "503"));
  second.listener->closed();
  settle();
  CAF_CHECK_EQUAL(refusal("", "admin"), "let in");
}

CAF_TEST(one that takes nothing is told and closed) {
  setup.book.unsent_bytes_max = 4096;
  setup.book.stall_timeout = 5s;
  start();
  auto stuck = open("topics=events");
  auto lively = open("topics=events");
  lively.read();
  for (int i = 0; i < 100; ++i)
    persist("e" + std::to_string(i), "t", '"' + std::string(500, 'x') + '"');
  for (int i = 0; i < 60; ++i) {
    pass(100ms);
    lively.read();
    settle();
  }
  CAF_CHECK_EQUAL(lively.end->messages.size(), 101u);
  CAF_CHECK_EQUAL(lively.end->code, 0);
  CAF_CHECK(stuck.end->unread < 6000);
  CAF_CHECK_EQUAL(stuck.end->code, close_code::too_slow);
  // It is told nothing more, and resumes where it was.
  auto got = stuck.end->messages.size();
  persist("later");
  pass(1s);
  CAF_CHECK_EQUAL(stuck.end->messages.size(), got);
  auto again = open("topics=events&after=" + stuck.end->cursor);
  for (int i = 0; i < 40; ++i) {
    again.read();
    pass(100ms);
  }
  CAF_CHECK_EQUAL(got + again.end->messages.size() - 1, 102u);
}

CAF_TEST(a key that is revoked closes its sockets) {
  start();
  auto one = open("", "alerts:read");
  auto other = open("", "admin");
  revoke("alerts:read");
  CAF_CHECK_EQUAL(one.end->code, close_code::policy);
  CAF_CHECK_EQUAL(other.end->code, 0);
  CAF_CHECK(contains(refusal("", "alerts:read"), "401"));
}

CAF_TEST(a key that expires closes its sockets) {
  api_key key;
  key.id = key.name = "short";
  key.hash = sha256_hex("ep_short");
  key.scopes = {scope::alerts_read};
  key.expires_at_ms = surroundings->now + 3000;
  CAF_REQUIRE(memory::make_key_store(db)->add(key, me).ok());
  start();
  pass(1s);
  auto one = open("", "short");
  CAF_CHECK_EQUAL(one.end->code, 0);
  pass(3s);
  CAF_CHECK_EQUAL(one.end->code, close_code::policy);
}

CAF_TEST(the feed takes no messages) {
  start();
  auto one = open("");
  one.listener->received("hello", false);
  settle();
  CAF_CHECK_EQUAL(one.end->code, close_code::unacceptable_data);
}

CAF_TEST(a database that is away is waited for) {
  start();
  auto one = open("topics=events,alerts");
  for (auto* operation :
       {"live_log.events", "live_log.changes", "live_log.bounds"})
    break_store(operation, failure{errc::unavailable, "away"});
  persist("e1");
  raise("a1");
  pass(3s);
  CAF_CHECK_EQUAL(one.end->all(), "live.ready");
  CAF_CHECK_EQUAL(times_logged("live_log_away"), 1u);
  CAF_CHECK(contains(refusal("", "admin"), "503"));
  for (auto* operation :
       {"live_log.events", "live_log.changes", "live_log.bounds"})
    break_store(operation, std::nullopt);
  pass(1s);
  CAF_CHECK_EQUAL(one.end->all(), "live.ready event.persisted alert.opened");
  CAF_CHECK_EQUAL(one.end->code, 0);
}

CAF_TEST(when the feed dies its sockets are told to come again) {
  start();
  auto one = open("topics=events");
  persist("e1");
  pass(200ms);
  auto cursor = one.end->cursor;
  kill(feed);
  CAF_CHECK_EQUAL(one.end->code, close_code::service_restart);
  one.listener->closed();
  persist("e2");
  start();
  auto again = open("topics=events&after=" + cursor);
  pass(200ms);
  CAF_CHECK_EQUAL(again.end->all(), "live.ready event.persisted");
}

CAF_TEST(nobody is asked while nobody follows) {
  start();
  pass(5s);
  break_store("live_log.events", failure{errc::unavailable, "away"});
  pass(5s);
  CAF_CHECK(!logged("live_log_away"));
  auto one = open("topics=events");
  pass(1s);
  CAF_CHECK(logged("live_log_away"));
  one.listener->closed();
  settle();
  pass(1s);
}

CAF_TEST_FIXTURE_SCOPE_END()

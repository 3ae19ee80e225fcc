// The live feed of the real binary: several followers through kills of a
// worker, of the intake and of PostgreSQL, one that does not read, one whose
// key is taken away.

#define CAF_SUITE e2e_live
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/http/web_socket_client.hpp"
#include "tests/integration/http/web_socket_wire.hpp"
#include "tests/support/cluster.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <sstream>
#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

json::object parse(const std::string& text) {
  return json::parse(text).as_object();
}

std::string text_of(const json::object& from, const char* name) {
  return std::string(from.at(name).as_string());
}

/// "events e17", "alerts alert.opened <id>" of a message; empty for the feed's
/// own.
std::string line_of(const json::object& message) {
  const auto topic = text_of(message, "topic");
  if (topic == "live")
    return {};
  const auto& data = message.at("data").as_object();
  if (topic == "events")
    return "events " + text_of(data, "id");
  const auto* name = topic == "rules" ? "rule" : "id";
  return topic + ' ' + text_of(message, "type") + ' ' + text_of(data, name);
}

lines only(const lines& all, const std::string& topic) {
  lines out;
  for (auto& one : all)
    if (one.starts_with(topic + ' '))
      out.push_back(one);
  return out;
}

/// Follows on a thread of its own; where it is cut off it comes back with the
/// cursor of the last message it has read.
class follower {
public:
  follower(const installation& p, std::string query)
      : url_(p.address() + "/v1/live?" + std::move(query)),
        key_("Bearer " + p.key()), thread_([this] { run(); }) {}
  ~follower() { stop(); }
  follower(const follower&) = delete;
  follower& operator=(const follower&) = delete;

  void stop() {
    stopping_ = true;
    if (thread_.joinable())
      thread_.join();
  }

  lines got() {
    const std::lock_guard lock{mutex_};
    return lines_;
  }
  size_t count() { return got().size(); }
  /// Codes of the closings, 0 where there was none.
  std::vector<uint16_t> closings() {
    const std::lock_guard lock{mutex_};
    return closings_;
  }
  std::string refusal() {
    const std::lock_guard lock{mutex_};
    return refusal_;
  }
  bool is_open() const { return open_; }

private:
  void run() {
    std::string cursor;
    while (!stopping_) {
      http::web_socket_client link;
      auto opened = link.open(cursor.empty() ? url_ : url_ + "&after=" + cursor,
                              {{"Authorization", key_}});
      if (!opened || *opened) {
        if (opened && (*opened)->status / 100 == 4) {
          const std::lock_guard lock{mutex_};
          refusal_ = (*opened)->body;
        }
        std::this_thread::sleep_for(50ms);
        continue;
      }
      while (!stopping_ && link.is_open()) {
        auto message = link.read(100ms);
        if (!message)
          continue;
        auto told = parse(*message);
        cursor = text_of(told, "cursor");
        open_ = true;
        const std::lock_guard lock{mutex_};
        if (auto line = line_of(told); !line.empty())
          lines_.push_back(line);
      }
      open_ = false;
      const std::lock_guard lock{mutex_};
      closings_.push_back(link.close_code());
    }
  }

  const std::string url_, key_;
  std::atomic<bool> stopping_{false}, open_{false};
  std::mutex mutex_;
  lines lines_;
  std::vector<uint16_t> closings_;
  std::string refusal_;
  std::thread thread_; // last: it uses all the others
};

/// Sends events "e<n>" one by one until each is taken, whatever is killed.
class sender_thread {
public:
  sender_thread(const installation& p, int count, size_t bytes = 200)
      : thread_([this, &p, count, bytes] {
          for (int i = 0; i < count; ++i)
            send(p, i, bytes);
        }) {}
  ~sender_thread() { thread_.join(); }
  sender_thread(const sender_thread&) = delete;
  sender_thread& operator=(const sender_thread&) = delete;

  int sent() const { return sent_; }

private:
  void send(const installation& p, int i, size_t bytes) {
    const auto body = R"({"id":"e)" + std::to_string(i) +
                      R"(","source":"/e2e","type":")" +
                      (i % 10 == 0 ? "order" : "noise") + R"(","data":")" +
                      std::string(bytes, 'x') + "\"}";
    for (;;) {
      auto answer = call(
          link_, p.request("POST", "/v1/events", body, "application/json"));
      if (answer.status == 202 || answer.status == 200)
        break;
      std::this_thread::sleep_for(20ms);
    }
    ++sent_;
  }

  http::client link_;
  std::atomic<int> sent_{0};
  std::thread thread_;
};

struct fixture {
  cluster p{{{"EVENTPULSE_LIVE_STALL_TIMEOUT", "2s"},
             {"EVENTPULSE_LIVE_BUFFER_BYTES", "64KiB"},
             {"EVENTPULSE_LIVE_POLL_EVERY", "50ms"}}};

  fixture() {
    p.start_worker("first");
    CAF_REQUIRE(eventually([&] { return p.owns("first"); }, patience));
    CAF_REQUIRE(p.intake_ready());
  }

  void publish_rule() {
    http::client link;
    const auto done =
        call(link, p.request("PUT", "/v1/rules/orders",
                             R"({"id":"orders","kind":"match",)"
                             R"("when":"event.type == \"order\""})",
                             "application/json"));
    CAF_REQUIRE_EQUAL(done.status / 100, 2u);
    CAF_REQUIRE(eventually(
        [&] {
          return p.get("/v1/rules/orders/status?wait=active")
                     .body.find("\"active\"") != std::string::npos;
        },
        patience));
  }

  lines stored_events() {
    lines out;
    for (auto& row : p.rows("SELECT id FROM events ORDER BY received_at_ms,"
                            " position_partition, position_ms, position_seq"))
      out.push_back("events " + row[0]);
    return out;
  }

  lines logged(const std::string& topic) {
    lines out;
    for (auto& row :
         p.rows("SELECT topic, type, coalesce(body->>'id', body->>'rule')"
                " FROM live_change WHERE topic = '" +
                topic + "' ORDER BY number"))
      out.push_back(row[0] + ' ' + row[1] + ' ' + row[2]);
    return out;
  }

  bool reaches(const sender_thread& s, int count) {
    return eventually([&] { return s.sent() >= count; }, patience);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(live, fixture)

CAF_TEST(followers get everything once through kills and restarts) {
  constexpr int count = 1200;
  follower all{p, "topics=events,alerts,rules"};
  follower alerts{p, "topics=alerts"};
  CAF_REQUIRE(
      eventually([&] { return all.is_open() && alerts.is_open(); }, patience));
  publish_rule();
  child_options o;
  o.name = "tail";
  o.argv = {product_binary(), "tail", "--json", "--topics", "events,alerts"};
  o.environment = {{"EVENTPULSE_URL", p.address()},
                   {"EVENTPULSE_KEY", p.key()}};
  o.log_file = (p.dir().path / "tail.log").string();
  o.grace = patience;
  auto started = child_process::start(std::move(o));
  CAF_REQUIRE(started.ok());
  const auto tail_lines = [&] {
    lines out;
    std::istringstream in{file_text(p.dir().path / "tail.log")};
    for (std::string line; std::getline(in, line);)
      if (line.starts_with('{') && !in.eof()) // not one that is half written
        out.push_back(line_of(parse(line)));
    return out;
  };
  p.start_worker("second");
  {
    sender_thread sender{p, count};
    // Where tail begins it has missed what was before.
    CAF_REQUIRE(eventually([&] { return !tail_lines().empty(); }, patience));
    CAF_REQUIRE(reaches(sender, count / 5));
    p.kill("first");
    CAF_REQUIRE(eventually([&] { return p.owns("second"); }, patience));
    CAF_REQUIRE(reaches(sender, 2 * count / 5));
    p.kill("intake");
    p.start_intake();
    CAF_REQUIRE(reaches(sender, 3 * count / 5));
    p.process("intake").stop(); // says goodbye
    p.start_intake();
    CAF_REQUIRE(reaches(sender, 4 * count / 5));
    p.servers().kill_postgres();
    CAF_REQUIRE(p.servers().start_postgres().ok());
  }
  CAF_REQUIRE(eventually(
      [&] { return p.number("SELECT count(*) FROM events") == count; },
      patience));
  CAF_REQUIRE(eventually(
      [&] { return p.number("SELECT count(*) FROM alert") == count / 10; },
      patience));
  const auto events = stored_events();
  const auto opened = logged("alerts");
  CAF_CHECK_EQUAL(opened.size(), size_t{count / 10});
  const auto is_whole = [&](const lines& got) {
    return only(got, "events").size() >= events.size() &&
           only(got, "alerts").size() >= opened.size();
  };
  CAF_CHECK(eventually([&] { return is_whole(all.got()); }, patience));
  CAF_CHECK(
      eventually([&] { return alerts.count() >= opened.size(); }, patience));
  // In order, all of it, once.
  CAF_CHECK(only(all.got(), "events") == events);
  CAF_CHECK(only(all.got(), "alerts") == opened);
  CAF_CHECK(alerts.got() == opened);
  CAF_CHECK(only(all.got(), "rules") == logged("rules"));
  // Each alert after its event; they have nothing else in common to go by.
  size_t orders = 0, raised = 0;
  for (auto& line : all.got()) {
    if (line.starts_with("events ") && line.ends_with('0'))
      ++orders;
    raised += line.starts_with("alerts ");
    CAF_CHECK(raised <= orders);
  }
  CAF_CHECK_EQUAL(all.refusal(), "");
  CAF_CHECK(!all.closings().empty());
  // The command line's follower, which came a little later.
  CAF_CHECK(eventually(
      [&] {
        const auto got = only(tail_lines(), "events");
        return !got.empty() && got.back() == events.back();
      },
      patience));
  const auto tailed = only(tail_lines(), "events");
  CAF_CHECK(std::equal(tailed.rbegin(), tailed.rend(), events.rbegin()));
  const auto tailed_alerts = only(tail_lines(), "alerts");
  CAF_CHECK(std::equal(tailed_alerts.rbegin(), tailed_alerts.rend(),
                       opened.rbegin()));
  started->signal(SIGINT);
  const auto left = started->finish_stop();
  CAF_CHECK_EQUAL(left.code, 0);
  CAF_CHECK_EQUAL(left.signal, 0);
}

CAF_TEST(one that does not read is told and the others do not notice) {
  constexpr int count = 3000; // of 5 KB: more than any socket holds
  wire::connection stuck{p.port(), 4096};
  stuck.send(wire::handshake("/v1/live?topics=events",
                             "Authorization: Bearer " + p.key() + "\r\n"));
  CAF_REQUIRE_EQUAL(stuck.read_status(), 101u);
  follower lively{p, "topics=events"};
  CAF_REQUIRE(eventually([&] { return lively.is_open(); }, patience));
  { sender_thread sender{p, count, 5000}; }
  const auto events = [&] { return stored_events(); };
  CAF_REQUIRE(eventually(
      [&] { return p.number("SELECT count(*) FROM events") == count; },
      patience));
  CAF_CHECK(eventually([&] { return lively.count() >= count; }, patience));
  CAF_CHECK(lively.got() == events());
  CAF_CHECK(lively.closings().empty());
  CAF_REQUIRE(eventually(
      [&] {
        return p.whole_log_of("intake").find("code=4008") != std::string::npos;
      },
      patience));
  // What the network held is still there, then the reason.
  wire::web_socket socket{stuck};
  lines got;
  std::string cursor;
  unsigned code = 0;
  while (auto frame = socket.read(5s)) {
    if (frame->opcode == wire::op_close) {
      code = frame->close_code();
      break;
    }
    if (frame->opcode != wire::op_text)
      continue;
    auto told = parse(frame->payload);
    cursor = text_of(told, "cursor");
    if (auto line = line_of(told); !line.empty())
      got.push_back(line);
  }
  CAF_CHECK_EQUAL(code, 4008u);
  CAF_CHECK(got.size() < count);
  follower again{p, "topics=events&after=" + cursor};
  CAF_CHECK(eventually([&] { return got.size() + again.count() >= count; },
                       patience));
  for (auto& line : again.got())
    got.push_back(line);
  CAF_CHECK(got == events());
}

CAF_TEST(a key that is revoked closes its socket within five seconds) {
  http::client link;
  auto made = call(link, p.request("POST", "/v1/keys",
                                   R"({"name":"eye","scopes":["alerts:read"]})",
                                   "application/json"));
  CAF_REQUIRE_EQUAL(made.status, 201u);
  const auto key = parse(made.body);
  http::web_socket_client eye;
  CAF_REQUIRE(eventually(
      [&] {
        auto opened =
            eye.open(p.address() + "/v1/live",
                     {{"Authorization", "Bearer " + text_of(key, "key")}});
        return opened && !*opened;
      },
      patience));
  auto forbidden = http::web_socket_client{}.open(
      p.address() + "/v1/live?topics=events",
      {{"Authorization", "Bearer " + text_of(key, "key")}});
  CAF_REQUIRE(forbidden && *forbidden);
  CAF_CHECK_EQUAL((*forbidden)->status, 403u);
  const auto gone =
      call(link, p.request("DELETE", "/v1/keys/" + text_of(key, "id")));
  CAF_CHECK_EQUAL(gone.status / 100, 2u);
  const auto from = std::chrono::steady_clock::now();
  while (eye.is_open() && std::chrono::steady_clock::now() - from < 30s)
    eye.read(100ms);
  CAF_CHECK(std::chrono::steady_clock::now() - from < 5s);
  CAF_CHECK_EQUAL(eye.close_code(), 1008);
}

CAF_TEST_FIXTURE_SCOPE_END()

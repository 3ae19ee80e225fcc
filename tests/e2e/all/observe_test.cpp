// How the product is looked at while it works: its numbers held against what
// was sent and what the tables and the receiver have, its readiness and its
// system page.

#define CAF_SUITE e2e_observe
#include <caf/test/unit_test.hpp>

#include "tests/support/observed.hpp"
#include "tests/support/scraped.hpp"

#include <signal.h>

#include <atomic>
#include <set>
#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

/// Compares and says both where they differ.
#define EP_SAME(have, want)                                                    \
  CAF_CHECK_EQUAL(static_cast<double>(have), static_cast<double>(want))

/// Everything that `promtool` has to say; it must be nothing.
std::string promtool_says(const observed& f, const scraped& s) {
  const auto file = f.p.dir().write("metrics.txt", s.text());
  child_options o;
  o.name = "promtool";
  o.argv = {"/bin/sh", "-c", "promtool check metrics <'" + file + "' 2>&1"};
  const auto done = run_program(std::move(o), "", patience);
  if (!done)
    return to_string(done.error());
  return done->output + (done->exit.code == 0
                             ? ""
                             : " status " + std::to_string(done->exit.code));
}

const std::set<std::string> intake_kinds{
    "control",    "directory",      "health",        "intake",
    "key_keeper", "live_feed",      "schema_keeper", "stream_writer",
    "supervisor", "system_reporter"};

const std::set<std::string> worker_kinds{
    "alert_recorder", "directory",        "evaluator",    "health",
    "hint_listener",  "history_reader",   "lease_keeper", "ledger",
    "notifier",       "partition_reader", "persister",    "quarantine_mover",
    "retention",      "rule_catalog",     "rule_router",  "stream_waiter",
    "supervisor",     "system_reporter"};

/// Every kind of actor is there with all five numbers, lives, has done
/// something and was never restarted; and there is no other.
void check_actors(const scraped& s, const std::set<std::string>& kinds) {
  const auto of = [&](const std::string& number, const std::string& kind) {
    return s.at("eventpulse_actor_" + number + "{kind=\"" + kind + "\"}");
  };
  for (const auto& kind : kinds) {
    CAF_MESSAGE(kind);
    CAF_CHECK(of("messages_total", kind) > 0);
    EP_SAME(of("processing_seconds_count", kind), of("messages_total", kind));
    CAF_CHECK(of("processing_seconds_sum", kind) > 0);
    CAF_CHECK(of("mailbox_depth", kind) >= 0);
    CAF_CHECK(of("alive", kind) >= 1);
    EP_SAME(of("restarts_total", kind), 0);
  }
  EP_SAME(s.count("eventpulse_actor_messages_total"), kinds.size());
}

const json::object* find_node(const json::value& node, const std::string& id) {
  const auto* o = node.if_object();
  if (!o)
    return nullptr;
  if (const auto* mine = o->if_contains("id");
      mine && mine->is_string() && mine->as_string() == id)
    return o;
  if (const auto* children = o->if_contains("children"))
    for (const auto& child : children->as_array())
      if (const auto* found = find_node(child, id))
        return found;
  return nullptr;
}

const json::object* process_of(const json::value& system,
                               const std::string& role) {
  for (const auto& process : system.at("processes").as_array())
    if (process.at("role").as_string() == role)
      return &process.as_object();
  return nullptr;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(e2e_observe_tests, observed)

CAF_TEST(the numbers are those of what was sent kept evaluated and delivered) {
  constexpr int senders = 4;
  constexpr int requests = 40; // of each
  constexpr int together = 25; // of which one is refused
  constexpr int odd_every = 50;
  std::atomic<bool> is_over{false};
  std::atomic<int> scrapes{0};
  const auto control_requests =
      scrape(p.address()).sum("eventpulse_intake_requests_total");
  std::thread prometheus{[&] {
    while (!is_over)
      if (!scrape(p.address()).empty() && !scrape(worker_address()).empty())
        ++scrapes;
  }};
  std::atomic<int> bad_answers{0};
  std::atomic<int> bytes{0};
  std::vector<std::thread> all;
  for (int s = 0; s < senders; ++s)
    all.emplace_back([&, s] {
      http::client link;
      for (int r = 0; r < requests; ++r) {
        std::string body = "[";
        for (int i = 0; i + 1 < together; ++i) {
          const auto n = (s * requests + r) * together + i;
          body += event_text(std::to_string(n), n % odd_every == 0) + ',';
        }
        body += R"({"source":"no type"}])";
        bytes += static_cast<int>(body.size());
        bad_answers += post(link, body).status != 202;
      }
    });
  for (auto& t : all)
    t.join();
  CAF_CHECK_EQUAL(bad_answers, 0);
  http::client link;
  const auto again = event_text("again", false);
  CAF_CHECK_EQUAL(post(link, again).status, 202u);
  CAF_CHECK_EQUAL(post(link, again).status, 200u); // known to its intake
  bytes += static_cast<int>(2 * again.size());

  constexpr int accepted = senders * requests * (together - 1) + 1;
  int odd = 0;
  for (int n = 0; n < senders * requests * together; ++n)
    odd += n % odd_every == 0 && n % together != together - 1;
  const auto count = [&](const std::string& table) {
    return p.number("SELECT count(*) FROM " + table);
  };
  CAF_CHECK(holds([&] { return count("events") == accepted; }));
  CAF_CHECK(holds(
      [&] { return count("delivery WHERE state = 'delivered'") == odd; }));
  is_over = true;
  prometheus.join();
  CAF_CHECK(scrapes > 0);

  // Gauges follow within a look.
  CAF_CHECK(holds([&] {
    const auto w = scrape(worker_address());
    return w.at("eventpulse_stream_pending_entries{partition=\"0\"}") == 0 &&
           w.at("eventpulse_stream_lag_entries{partition=\"0\"}") == 0 &&
           w.at("eventpulse_stream_lag_seconds{partition=\"0\"}") == 0 &&
           w.at("eventpulse_delivery_queue") == 0 &&
           w.at("eventpulse_persistence_dead_letters_total") > 0 &&
           w.at("eventpulse_rule_lag_seconds{rule=\"odd\"}") == 0;
  }));
  const auto i = scrape(p.address());
  const auto w = scrape(worker_address());
  const auto events = [&](const std::string& outcome) {
    return i.at("eventpulse_intake_events_total{outcome=\"" + outcome + "\"}");
  };
  EP_SAME(events("accepted"), accepted);
  EP_SAME(events("duplicate"), 1);
  EP_SAME(events("invalid"), senders * requests);
  EP_SAME(events("refused"), 0);
  EP_SAME(i.at("eventpulse_intake_requests_total{code=\"202\"}"),
          senders * requests + 1);
  CAF_CHECK(i.sum("eventpulse_intake_requests_total") >
            control_requests + senders * requests);
  CAF_CHECK(i.at("eventpulse_intake_bytes_total") >= bytes);
  EP_SAME(i.sum("eventpulse_intake_request_seconds_count"),
          i.sum("eventpulse_intake_requests_total"));
  CAF_CHECK(i.at("eventpulse_intake_connections") >= 1);
  EP_SAME(w.at("eventpulse_persistence_rows_total"), accepted);
  EP_SAME(w.at("eventpulse_persistence_duplicates_total"), 0);
  EP_SAME(w.at("eventpulse_persistence_batch_rows_sum"), accepted);
  EP_SAME(w.at("eventpulse_persistence_retries_total"), 0);
  EP_SAME(w.at("eventpulse_persistence_dead_letters_total"),
          count("dead_letter"));
  EP_SAME(w.at("eventpulse_persistence_commit_seconds_count"),
          w.at("eventpulse_persistence_batch_rows_count"));
  EP_SAME(w.at("eventpulse_rule_evaluations_total{rule=\"odd\"}"), odd);
  EP_SAME(w.at("eventpulse_rule_matches_total{rule=\"odd\"}"), odd);
  EP_SAME(w.at("eventpulse_rule_errors_total{rule=\"odd\"}"), 0);
  EP_SAME(w.sum("eventpulse_alerts_opened_total"), odd);
  EP_SAME(w.at("eventpulse_deliveries_total{channel=\"desk\","
               "outcome=\"delivered\"}"),
          odd);
  EP_SAME(w.sum("eventpulse_deliveries_total"), odd);
  EP_SAME(desk.requests().size(), odd);
  EP_SAME(w.at("eventpulse_delivery_seconds_count"), odd);
  EP_SAME(w.at("eventpulse_event_to_persist_seconds_count"), accepted);
  EP_SAME(w.at("eventpulse_event_to_alert_seconds_count"), odd);
  EP_SAME(w.at("eventpulse_alert_to_delivery_seconds_count"), odd);

  check_actors(i, intake_kinds);
  check_actors(w, worker_kinds);
  EP_SAME(w.at("eventpulse_actor_alive{kind=\"evaluator\"}"), 1);
  CAF_CHECK_EQUAL(promtool_says(*this, i), "");
  CAF_CHECK_EQUAL(promtool_says(*this, w), "");
}

CAF_TEST(the system page shows both processes and follows a kill) {
  const auto is_whole = [&] {
    const auto s = system();
    const auto* worker = process_of(s, "worker");
    const auto* intake = process_of(s, "intake");
    return worker && intake && worker->at("ready").as_bool() &&
           intake->at("ready").as_bool() &&
           find_node(worker->at("tree"), "odd@1") &&
           s.at("problems").as_array().empty();
  };
  CAF_CHECK(holds(is_whole));
  const auto s = system();
  const auto* worker = process_of(s, "worker");
  CAF_REQUIRE(worker != nullptr);
  const auto name = worker->at("name").as_string();
  CAF_CHECK_EQUAL(s.at("partitions").at(0).at("owner").as_string(), name);
  CAF_CHECK_EQUAL(s.at("evaluation").at("owner").as_string(), name);
  CAF_CHECK_EQUAL(s.at("evaluation").at("rules").at("active").to_number<int>(),
                  1);
  const auto* reader = find_node(worker->at("tree"), "partition_reader/0");
  CAF_REQUIRE(reader != nullptr);
  CAF_CHECK_EQUAL(reader->at("linked").as_array().size(), 2u);
  const auto top = p.command({"top", "--once"});
  for (const auto* shown : {"partition_reader/0", "+ persister", "odd@1",
                            "lease_keeper", "stream_writer", "1 active"})
    CAF_CHECK(top.find(shown) != std::string::npos);
  const auto told = json::parse(p.command({"top", "--json"}));
  CAF_CHECK_EQUAL(told.at("processes").as_array().size(), 2u);

  CAF_CHECK(p.kill_child("worker"));
  CAF_CHECK(holds([&] {
    const auto later = system();
    return later.at("evaluation").at("epoch").to_number<int>() >= 2 &&
           later.at("processes").as_array().size() == 2 &&
           process_of(later, "worker")->at("name").as_string() != name;
  }));
  CAF_CHECK(holds(is_whole));
  http::client link; // who may not read rules may not look
  auto stranger = p.request("GET", "/v1/system");
  stranger.headers = {};
  CAF_CHECK_EQUAL(call(link, stranger).status, 401u);
}

CAF_TEST(readiness says what is away and liveness does not care) {
  http::client link;
  const auto ask = [&](const std::string& address, const std::string& path) {
    http::client_request what;
    what.method = "GET";
    what.url = address + path;
    return call(link, what);
  };
  const auto reasons = [&](const std::string& address) {
    const auto answer = ask(address, "/readyz");
    if (answer.status != 200 && answer.status != 503)
      return json::object{{"no", "answer"}};
    auto said = json::parse(answer.body).as_object();
    CAF_CHECK_EQUAL(said.at("status").as_string() == "ready",
                    answer.status == 200);
    return said.at("reasons").as_object();
  };
  const auto worker = worker_address();
  CAF_CHECK(holds([&] { return reasons(p.address()).empty(); }));
  CAF_CHECK(holds([&] { return reasons(worker).empty(); }));
  const auto redis = p.pid("redis");
  ::kill(redis, SIGSTOP);
  CAF_CHECK(holds([&] { return reasons(p.address()).contains("stream"); }));
  CAF_CHECK(holds([&] { return reasons(worker).contains("stream 0"); }));
  CAF_CHECK_EQUAL(ask(p.address(), "/healthz").status, 200u);
  CAF_CHECK_EQUAL(ask(worker, "/healthz").status, 200u);
  ::kill(redis, SIGCONT);
  CAF_CHECK(holds([&] { return reasons(p.address()).empty(); }));
  CAF_CHECK(holds([&] { return reasons(worker).empty(); }));
}

CAF_TEST_FIXTURE_SCOPE_END()

#define CAF_SUITE access
#define FAIL CAF_FAIL

// Who may do what, how often: every route of intake and control with every
// scope, and the rates that both count together.

#include "actors/control.hpp"
#include "actors/control_routes.hpp"
#include "actors/intake.hpp"
#include "actors/key_keeper.hpp"
#include "actors/schema_keeper.hpp"
#include "actors/stream_writer.hpp"
#include "runtime/core/base/hash.hpp"

#include <boost/json.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>

#include "runtime/adapters/memory/memory_intake.hpp"
#include "tests/support/actor_fixture.hpp"

using namespace eventpulse;
using namespace eventpulse::test;
namespace json = boost::json;

namespace {

constexpr std::array<scope, 7> all_scopes{
    scope::events_write, scope::events_read,  scope::rules_write,
    scope::rules_read,   scope::alerts_write, scope::alerts_read,
    scope::admin};

constexpr auto one_event = R"({"type":"t"})";

struct fixture : actor_fixture {
  memory::intake_tables_ptr tables =
      std::make_shared<memory::intake_tables>(db);
  control_actor desk;
  intake_actor door;
  stream_writer_actor writer;
  key_keeper_actor keeper;
  std::vector<http_reply> replies;

  fixture() {
    for (auto s : all_scopes)
      add_key(std::string(to_string(s)), {s});
    CAF_REQUIRE(stream->open(0, {}).ok());
    stream_writer_setup writes;
    writes.open_log = [this] { return memory::make_appender(stream); };
    writes.log = log;
    writes.detached = false;
    writer = live(spawn_stream_writer(sys, writes));
    announce("stream_writer", caf::actor_cast<caf::actor>(writer));
    key_keeper_setup keeps;
    keeps.open_store = [this] { return memory::make_key_store(db); };
    keeps.open_mirror = [this] { return memory::make_key_mirror(stream); };
    keeps.directory = directory;
    keeps.log = log;
    keeper = live(sys.spawn(key_keeper, keeps));
    schema_keeper_setup knows;
    knows.open_store = [this] { return memory::make_event_type_store(tables); };
    knows.open_mirror = [this] {
      return memory::make_event_type_mirror(stream);
    };
    knows.directory = directory;
    knows.log = log;
    live(sys.spawn(schema_keeper, knows));
    start_actors();
  }
  ~fixture() override {
    desk = nullptr;
    door = nullptr;
    writer = nullptr;
    keeper = nullptr;
  }

  void start_actors() {
    auto rates = std::make_shared<rate_gate>();
    control_setup controls;
    controls.open_stores = [this] {
      auto out = std::make_unique<control_stores>();
      out->rules = memory::make_rule_store(db);
      out->channels = memory::make_channel_store(db);
      out->keys = memory::make_key_store(db);
      out->events = memory::make_event_store(db);
      out->outcomes = memory::make_outcome_store(db);
      out->deliveries = memory::make_delivery_store(db);
      out->event_types = memory::make_event_type_store(tables);
      out->dead_letters = memory::make_dead_letter_store(tables);
      out->audit = memory::make_audit_store(db);
      return out;
    };
    controls.open_hints = [this] { return memory::make_hint_bus(stream); };
    controls.directory = directory;
    controls.rates = rates;
    controls.surroundings = surroundings;
    controls.log = log;
    desk = live(sys.spawn(control, controls));
    intake_setup takes;
    takes.directory = directory;
    takes.rates = rates;
    takes.surroundings = surroundings;
    takes.log = log;
    door = live(sys.spawn(intake_fun, takes));
    settle();
  }

  void add_key(const std::string& name, std::vector<scope> scopes,
               std::optional<key_rate> rate = {}) {
    api_key key;
    key.id = key.name = name;
    key.hash = sha256_hex("ep_" + name);
    key.scopes = std::move(scopes);
    key.rate = rate;
    CAF_REQUIRE(memory::make_key_store(db)->add(key, me).ok());
    pass(1s);
  }

  /// "" is no key at all.
  http_exchange request(const std::string& method, const std::string& path,
                        const std::string& key, std::string body = {},
                        const std::string& type = "application/json") {
    auto head = std::make_shared<http_request>();
    head->method = method;
    head->path = path;
    head->headers = {{"Content-Type", type}};
    if (!key.empty())
      head->headers.emplace_back("Authorization", "Bearer ep_" + key);
    http_exchange call;
    call.head = head;
    call.body = std::move(body);
    call.reply = [this](http_reply r) { replies.push_back(std::move(r)); };
    return call;
  }

  http_reply answer_of(http_exchange call) {
    replies.clear();
    bool is_events = call.head->path == "/v1/events";
    if (is_events && call.head->method == "POST")
      caf::anon_send(door, std::move(call));
    else
      caf::anon_send(desk, std::move(call));
    settle();
    for (int i = 0; replies.empty() && i < 400; ++i)
      pass(50ms); // routes that wait for something
    if (replies.size() != 1)
      CAF_FAIL(replies.size() << " replies");
    return replies.front();
  }

  http_response ask(const std::string& method, const std::string& path,
                    const std::string& key, std::string body = {}) {
    return std::get<http_response>(
        answer_of(request(method, path, key, std::move(body))));
  }

  static std::string header(const http_response& r, std::string_view name) {
    http_request head;
    head.headers = r.headers;
    return std::string(find_header(head, name));
  }
};

struct known_route {
  std::string method, path;
  scope needed;
};

std::vector<known_route> all_routes() {
  std::vector<known_route> out{{"POST", "/v1/events", scope::events_write}};
  for (auto& route : control_routes()) {
    std::string path(route.path);
    for (auto at = path.find('{'); at != path.npos; at = path.find('{'))
      path.replace(at, path.find('}') - at + 1, "x");
    out.push_back({std::string(route.method), path, route.needed});
  }
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(access_tests, fixture)

// --- scopes ------------------------------------------------------------------

CAF_TEST(every_route_opens_to_its_scope_and_to_no_other) {
  for (auto& route : all_routes())
    for (auto s : all_scopes) {
      auto r = ask(route.method, route.path, std::string(to_string(s)));
      CAF_MESSAGE(route.method << ' ' << route.path << " as " << to_string(s)
                               << ": " << r.status);
      bool may = s == route.needed || s == scope::admin;
      CAF_CHECK_EQUAL(r.status == 403, !may);
      CAF_CHECK(r.status != 401 && r.status < 500);
    }
}

CAF_TEST(every_route_asks_for_a_key_that_counts) {
  add_key("expired", {scope::admin});
  add_key("revoked", {scope::admin});
  db->keys["expired"].expires_at_ms = surroundings->now - 1;
  db->keys["revoked"].revoked_at_ms = surroundings->now - 1;
  ++db->key_generation;
  pass(1s);
  for (auto& route : all_routes())
    for (auto* key : {"", "unknown", "expired", "revoked"}) {
      auto r = ask(route.method, route.path, key);
      CAF_CHECK_EQUAL(r.status, 401u);
      CAF_CHECK(header(r, "WWW-Authenticate").starts_with("Bearer"));
      CAF_CHECK_EQUAL(r.content_type, "application/problem+json");
    }
}

CAF_TEST(the_last_key_that_can_make_others_is_not_revoked) {
  add_key("second", {scope::admin});
  CAF_CHECK_EQUAL(ask("DELETE", "/v1/keys/second", "admin").status, 204u);
  CAF_CHECK_EQUAL(ask("DELETE", "/v1/keys/admin", "admin").status, 409u);
  CAF_CHECK_EQUAL(ask("DELETE", "/v1/keys/rules:read", "admin").status, 204u);
  CAF_CHECK_EQUAL(ask("GET", "/v1/keys", "admin").status, 200u);
}

CAF_TEST(a_parameter_counts_only_on_the_routes_that_know_it) {
  auto status_of = [this](const char* method, const char* path,
                          const char* query) {
    auto call = request(method, path, "admin");
    auto head = std::make_shared<http_request>(*call.head);
    head->query = query;
    call.head = head;
    return std::get<http_response>(answer_of(call)).status;
  };
  CAF_CHECK_EQUAL(status_of("GET", "/v1/events", "type=t&limit=1"), 200u);
  CAF_CHECK_EQUAL(status_of("HEAD", "/v1/events", "type=t&limit=1"), 200u);
  for (auto* query : {"severity=critical", "type=", "limit=1&limit=2", "limit",
                      "rule=r", "limit=0"})
    CAF_CHECK_EQUAL(status_of("GET", "/v1/events", query), 422u);
  CAF_CHECK_EQUAL(status_of("GET", "/v1/rules", "state=firing"), 422u);
  for (auto* path : {"/v1/dead-letters/discard", "/v1/dead-letters/replay"})
    for (auto* query : {"key=k&id=x", "key=k&source=/s", "type=&key=k"})
      CAF_CHECK_EQUAL(status_of("POST", path, query), 422u);
}

CAF_TEST(without_a_key_nothing_is_told_about_parameters) {
  auto call = request("GET", "/v1/rules", "");
  auto head = std::make_shared<http_request>(*call.head);
  head->query = "colour=red";
  call.head = head;
  CAF_CHECK_EQUAL(std::get<http_response>(answer_of(call)).status, 401u);
}

CAF_TEST(a_key_expires_while_everything_runs) {
  add_key("short", {scope::events_write});
  db->keys["short"].expires_at_ms = surroundings->now + 5'000;
  ++db->key_generation;
  pass(1s);
  CAF_CHECK_EQUAL(ask("POST", "/v1/events", "short", one_event).status, 202u);
  pass(4s);
  CAF_CHECK_EQUAL(ask("POST", "/v1/events", "short", one_event).status, 401u);
}

// --- rates -------------------------------------------------------------------

CAF_TEST(over_the_rate_it_says_when_to_come_again) {
  add_key("slow", {scope::events_write}, key_rate{3, 60'000});
  for (int left = 2; left >= 0; --left) {
    auto r = ask("POST", "/v1/events", "slow", one_event);
    CAF_CHECK_EQUAL(r.status, 202u);
    CAF_CHECK_EQUAL(header(r, "RateLimit-Policy"), "\"key\";q=3;w=60");
    CAF_CHECK_EQUAL(header(r, "RateLimit"),
                    "\"key\";r=" + std::to_string(left) +
                        (left > 0 ? ";t=60" : ";t=20"));
  }
  auto over = ask("POST", "/v1/events", "slow", one_event);
  CAF_CHECK_EQUAL(over.status, 429u);
  CAF_CHECK_EQUAL(header(over, "Retry-After"), "20");
  CAF_CHECK_EQUAL(header(over, "RateLimit"), "\"key\";r=0;t=20");
  auto body = json::parse(over.body).as_object();
  CAF_CHECK_EQUAL(
      body["type"].as_string(),
      "https://iana.org/assignments/http-problem-types#quota-exceeded");
  CAF_CHECK_EQUAL(body["status"].as_int64(), 429);
  CAF_CHECK_EQUAL(body["violated-policies"].at(0).as_string(), "key");
  CAF_CHECK_EQUAL(stream->entries(0).size(), 3u);
  pass(20s);
  CAF_CHECK_EQUAL(ask("POST", "/v1/events", "slow", one_event).status, 202u);
}

CAF_TEST(intake_and_control_count_together) {
  add_key("slow", {scope::admin}, key_rate{2, 60'000});
  CAF_CHECK_EQUAL(ask("GET", "/v1/rules", "slow").status, 200u);
  CAF_CHECK_EQUAL(ask("POST", "/v1/events", "slow", one_event).status, 202u);
  auto over = ask("GET", "/v1/rules", "slow");
  CAF_CHECK_EQUAL(over.status, 429u);
  CAF_CHECK_EQUAL(header(over, "Retry-After"), "30");
  // Nobody else notices.
  auto other = ask("GET", "/v1/rules", "admin");
  CAF_CHECK_EQUAL(other.status, 200u);
  CAF_CHECK_EQUAL(header(other, "RateLimit"), "");
}

CAF_TEST(what_the_scope_forbids_costs_nothing) {
  add_key("slow", {scope::events_write}, key_rate{1, 60'000});
  for (int i = 0; i < 5; ++i)
    CAF_CHECK_EQUAL(ask("GET", "/v1/rules", "slow").status, 403u);
  CAF_CHECK_EQUAL(ask("POST", "/v1/events", "slow", one_event).status, 202u);
}

CAF_TEST(an_event_of_a_batch_counts_as_a_request) {
  add_key("slow", {scope::events_write}, key_rate{4, 4'000});
  std::string batch = "[" + std::string(one_event);
  for (int i = 1; i < 10; ++i)
    batch += "," + std::string(one_event);
  auto taken = ask("POST", "/v1/events", "slow", batch + "]");
  CAF_CHECK_EQUAL(taken.status, 202u); // whole, though it is more than a burst
  CAF_CHECK_EQUAL(header(taken, "RateLimit"), "\"key\";r=0;t=7");
  CAF_CHECK_EQUAL(stream->entries(0).size(), 10u);
  auto over = ask("POST", "/v1/events", "slow", one_event);
  CAF_CHECK_EQUAL(over.status, 429u);
  CAF_CHECK_EQUAL(header(over, "Retry-After"), "7");
  pass(7s);
  CAF_CHECK_EQUAL(ask("POST", "/v1/events", "slow", one_event).status, 202u);
}

CAF_TEST(a_stream_of_lines_is_stopped_where_its_key_is_over) {
  add_key("slow", {scope::events_write}, key_rate{2, 2'000});
  auto piece = [&](int count, bool last, std::shared_ptr<void> context) {
    std::string body;
    for (int i = 0; i < count; ++i)
      body += std::string(one_event) + '\n';
    auto call =
        request("POST", "/v1/events", "slow", body, "application/x-ndjson");
    call.streamed = true;
    call.last = last;
    call.context = std::move(context);
    return answer_of(call);
  };
  auto first = piece(5, false, nullptr);
  auto context = std::get<http_continue>(first).context;
  auto stopped = std::get<http_response>(piece(5, true, context));
  CAF_CHECK_EQUAL(stopped.status, 429u);
  CAF_CHECK_EQUAL(header(stopped, "Retry-After"), "4");
  CAF_CHECK_EQUAL(stream->entries(0).size(), 5u);
  CAF_CHECK_EQUAL(json::parse(stopped.body).at("next_line").as_int64(), 6);
  pass(4s); // the rest, as it says
  auto rest = std::get<http_response>(piece(1, true, nullptr));
  CAF_CHECK_EQUAL(rest.status, 202u);
  CAF_CHECK_EQUAL(stream->entries(0).size(), 6u);
}

CAF_TEST(a_stream_of_lines_ends_when_its_key_is_revoked) {
  add_key("soon-gone", {scope::events_write});
  auto call = request("POST", "/v1/events", "soon-gone",
                      std::string(one_event) + '\n', "application/x-ndjson");
  call.streamed = true;
  call.last = false;
  auto first = answer_of(call);
  CAF_REQUIRE(std::holds_alternative<http_continue>(first));
  CAF_REQUIRE(memory::make_key_store(db)
                  ->revoke("soon-gone", surroundings->now, me)
                  .ok());
  pass(1s);
  call.context = std::get<http_continue>(first).context;
  auto ended = std::get<http_response>(answer_of(call));
  CAF_CHECK_EQUAL(ended.status, 401u);
  CAF_CHECK_EQUAL(json::parse(ended.body).at("next_line").as_int64(), 2);
  CAF_CHECK_EQUAL(stream->entries(0).size(), 1u);
}

// --- making keys -------------------------------------------------------------

CAF_TEST(a_rate_is_given_in_either_form_and_shown_in_one) {
  auto make = [&](const std::string& name, const std::string& rate) {
    return ask("POST", "/v1/keys", "admin",
               R"({"name":")" + name + R"(","scopes":["rules:read"],"rate":)" +
                   rate + '}');
  };
  auto plain = make("a", "5");
  CAF_CHECK_EQUAL(plain.status, 201u);
  CAF_CHECK(json::parse(plain.body).at("rate") ==
            json::parse(R"({"requests":5,"window":"1s"})"));
  auto whole = make("b", R"({"requests":100,"window":"1m"})");
  CAF_CHECK_EQUAL(whole.status, 201u);
  auto listed = ask("GET", "/v1/keys", "admin");
  CAF_CHECK(listed.body.find(R"("rate":{"requests":100,"window":"1m"})") !=
            listed.body.npos);
  CAF_CHECK_EQUAL(make("c", "null").status, 201u);
  for (auto* wrong :
       {"0", "-1", "1000001", "1.5", "\"5\"", "[5]", "{}",
        "{\"window\":\"1m\"}", R"({"requests":0})",
        R"({"requests":5,"window":"500ms"})",
        R"({"requests":5,"window":"1500ms"})", R"({"requests":5,"window":60})",
        R"({"requests":5,"window":"25h"})", R"({"requests":5,"per":"1s"})"}) {
    auto r = make("wrong", wrong);
    CAF_CHECK_EQUAL(r.status, 422u);
    CAF_CHECK(r.body.find("\"pointer\":\"/rate") != r.body.npos);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()

// Keys, rates, secrets and the audit of the real processes, as those see them
// who are let in, and those who are not.

#define CAF_SUITE e2e_access
#include <caf/test/unit_test.hpp>

#include "tests/support/cluster.hpp"
#include "tests/support/webhooks.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;
using steady = std::chrono::steady_clock;

struct fixture {
  cluster p;
  http::client link;

  fixture() {
    p.start_worker("worker");
    CAF_REQUIRE(p.intake_ready());
  }

  /// The text of a new key; what is asked for is given as on a command line.
  std::string make_key(std::vector<std::string> words) {
    words.insert(words.begin(), {"keys", "create"});
    auto text = p.command(words);
    return text.substr(0, text.find('\n'));
  }

  http::client_response ask(const std::string& key, const std::string& method,
                            const std::string& path, std::string body = {}) {
    auto what = p.request(method, path, std::move(body), "application/json");
    what.headers.front().second = "Bearer " + key;
    return call(link, what);
  }

  http::client_response send(const std::string& key) {
    return ask(key, "POST", "/v1/events", R"({"type":"t"})");
  }

  json::array audit(const std::vector<std::string>& filters = {}) {
    std::vector<std::string> words{"audit", "--json"};
    words.insert(words.end(), filters.begin(), filters.end());
    return json::parse(p.command(words)).at("items").as_array();
  }

  /// The newest message that the receiver got of a test that is made now.
  received_request tested(const http_receiver& to) {
    const auto before = to.requests().size();
    const auto said = p.command({"channels", "test", "desk"});
    CAF_CHECK(said.starts_with("delivered\t"));
    const auto all = to.requests();
    CAF_REQUIRE_EQUAL(all.size(), before + 1);
    return all.back();
  }
};

std::string secret_in(const std::string& printed) {
  const auto at = printed.find("whsec_");
  CAF_REQUIRE(at != printed.npos);
  return printed.substr(at, printed.find('\n', at) - at);
}

size_t signatures_of(const received_request& r) {
  const auto list = header_of(r, "webhook-signature");
  return 1 + static_cast<size_t>(std::count(list.begin(), list.end(), ' '));
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(access_tests, fixture)

CAF_TEST(over its rate a key is told when to come again) {
  const auto key = make_key({"slow", "events:write", "--rate", "3/6s"});
  http::client_response answer;
  CAF_REQUIRE(eventually([&] { return send(key).status == 202; }, 5s));
  for (int i = 0; i < 10; ++i)
    answer = send(key);
  CAF_REQUIRE_EQUAL(answer.status, 429u);
  CAF_CHECK_EQUAL(http::find_header(answer, "Retry-After"), "2");
  CAF_CHECK_EQUAL(http::find_header(answer, "RateLimit-Policy"),
                  "\"key\";q=3;w=6");
  CAF_CHECK_EQUAL(http::find_header(answer, "RateLimit"), "\"key\";r=0;t=2");
  CAF_CHECK_EQUAL(http::find_header(answer, "Content-Type"),
                  "application/problem+json");
  CAF_CHECK(eventually([&] { return send(key).status == 202; }, 5s));
  CAF_CHECK_EQUAL(send(p.key()).status, 202u); // whom no rate holds
}

CAF_TEST(a key that was revoked elsewhere stops within five seconds) {
  const auto key = make_key({"shop", "events:write"});
  CAF_REQUIRE(eventually([&] { return send(key).status == 202; }, 5s));
  // As another intake, on another machine, would do it.
  pqxx::connection to{p.database_url()};
  pqxx::work tx{to};
  tx.exec("UPDATE api_key SET revoked_at_ms = 1 WHERE name = 'shop'");
  tx.exec("UPDATE generation SET value = value + 1 WHERE name = 'keys'");
  tx.commit();
  const auto since = steady::now();
  CAF_CHECK(eventually([&] { return send(key).status == 401; }, 5s));
  CAF_CHECK(steady::now() - since < 5s);
  CAF_CHECK_EQUAL(send(p.key()).status, 202u);
}

CAF_TEST(a revoked key stops an upload that is under way) {
  const auto key = make_key({"uploader", "events:write"});
  CAF_REQUIRE(eventually([&] { return send(key).status == 202; }, 5s));
  auto what = p.request("POST", "/v1/events", {}, "application/x-ndjson");
  what.headers.front().second = "Bearer " + key;
  const std::string piece = "{\"type\":\"t\"}\n";
  int pieces = 0;
  const auto until = steady::now() + 20s;
  const auto answer = link.upload(what, [&]() -> std::optional<std::string> {
    if (++pieces == 10) // the first ones are being taken
      p.command({"keys", "revoke", "uploader"});
    if (steady::now() > until)
      return std::nullopt; // it was never stopped
    std::this_thread::sleep_for(20ms);
    return piece;
  });
  CAF_REQUIRE(answer.ok());
  CAF_CHECK_EQUAL(answer->status, 401u);
  CAF_CHECK(json::parse(answer->body).at("next_line").as_int64() > 0);
  CAF_CHECK(steady::now() < until - 15s);
}

CAF_TEST(without PostgreSQL and after its own restart intake knows its keys) {
  const auto key = make_key({"shop", "events:write", "--rate", "2/1m"});
  const auto gone = make_key({"gone", "events:write"});
  CAF_REQUIRE(eventually([&] { return send(key).status == 202; }, 5s));
  p.command({"keys", "revoke", "gone"});
  CAF_REQUIRE(eventually([&] { return send(gone).status == 401; }, 5s));
  p.servers().kill_postgres();
  CAF_CHECK_EQUAL(send(p.key()).status, 202u);
  p.kill("intake");
  p.start_intake();
  CAF_REQUIRE(p.intake_ready());
  CAF_CHECK_EQUAL(send(key).status, 202u);
  CAF_CHECK_EQUAL(send(key).status, 202u);
  CAF_CHECK_EQUAL(send(key).status, 429u); // its rate is known, too
  CAF_CHECK_EQUAL(send(gone).status, 401u);
  CAF_CHECK_EQUAL(send("ep_unknown").status, 401u);
  CAF_CHECK_EQUAL(ask(key, "GET", "/v1/rules").status, 403u);
  CAF_CHECK_EQUAL(ask(p.key(), "GET", "/v1/rules").status, 503u);
  CAF_REQUIRE(p.servers().start_postgres().ok());
  CAF_CHECK(
      eventually([&] { return ask(p.key(), "GET", "/v1/rules").status == 200; },
                 patience));
  CAF_CHECK(eventually(
      [&] { return p.number("SELECT count(*) FROM events") == 4; }, patience));
}

CAF_TEST(a series of changes is told with who made each) {
  const auto rule = [&](const std::string& when) {
    return p.dir().write("r.yaml", "{id: r, kind: match, when: " + when + "}");
  };
  p.command({"channels", "put", "desk", "https://example.org/hook"});
  p.command({"rules", "publish", rule("event.type == 'a'")});
  p.command({"rules", "publish", rule("event.type == 'b'")});
  p.command({"channels", "rotate", "desk"});
  const auto key = make_key({"deploy", "rules:write"});
  CAF_REQUIRE(eventually(
      [&] { return ask(key, "DELETE", "/v1/rules/r").status == 204; }, 5s));
  p.command({"channels", "delete", "desk"});
  p.command({"keys", "revoke", "deploy"});
  std::vector<std::string> told;
  const auto all = audit({"--from", "1h"});
  for (auto item = all.rbegin(); item != all.rend(); ++item)
    told.push_back(std::string{item->at("by").at("name").as_string()} + ' ' +
                   std::string{item->at("action").as_string()} + ' ' +
                   std::string{item->at("target").as_string()});
  const auto deploy =
      std::string{audit({"--action", "key.created", "--limit", "1"})[0]
                      .at("target")
                      .as_string()};
  const auto first =
      std::find(told.begin(), told.end(), "admin channel.created channel/desk");
  CAF_CHECK_EQUAL(
      std::vector<std::string>(first, told.end()),
      (std::vector<std::string>{
          "admin channel.created channel/desk", "admin rule.published rule/r",
          "admin rule.published rule/r",
          "admin channel.secret_rotated channel/desk",
          "admin key.created " + deploy, "deploy rule.deleted rule/r",
          "admin channel.deleted channel/desk",
          "admin key.revoked " + deploy}));
  // Before and after are those of the change.
  const auto published = audit({"--target", "rule/r"});
  CAF_REQUIRE_EQUAL(published.size(), 3u);
  CAF_CHECK_EQUAL(published[1].at("before").at("version").as_int64(), 1);
  CAF_CHECK_EQUAL(
      published[1].at("after").at("document").at("when").as_string(),
      "event.type == 'b'");
  CAF_CHECK(published[0].at("after").is_null());
  CAF_CHECK(published[2].at("before").is_null());
  // Nothing that could be used stands in it.
  for (const auto& row : p.rows("SELECT audit::text FROM audit")) {
    CAF_CHECK_EQUAL(row[0].find("whsec_"), std::string::npos);
    CAF_CHECK_EQUAL(row[0].find("ep_"), std::string::npos);
  }
  CAF_CHECK_EQUAL(ask(key, "GET", "/v1/audit").status, 401u); // revoked
}

CAF_TEST(while a secret is rotated the receiver may know either) {
  http_receiver receiver;
  const auto first =
      secret_in(p.command({"channels", "put", "desk", receiver.url("/hook")}));
  auto r = tested(receiver);
  CAF_CHECK_EQUAL(why_refused(r, first), "");
  CAF_CHECK_EQUAL(signatures_of(r), 1u);
  CAF_CHECK(json::parse(r.body).at("data").at("test").as_bool());
  const auto second = secret_in(p.command({"channels", "rotate", "desk"}));
  r = tested(receiver);
  CAF_CHECK_EQUAL(why_refused(r, first), "");
  CAF_CHECK_EQUAL(why_refused(r, second), "");
  CAF_CHECK_EQUAL(signatures_of(r), 2u);
  const auto third =
      secret_in(p.command({"channels", "rotate", "desk", "--overlap", "0s"}));
  r = tested(receiver);
  CAF_CHECK_EQUAL(why_refused(r, third), "");
  CAF_CHECK(why_refused(r, first) != "" && why_refused(r, second) != "");
  CAF_CHECK_EQUAL(signatures_of(r), 1u);
}

CAF_TEST(what failed is seen and tried anew) {
  std::atomic<bool> well = false;
  http_receiver receiver{[&](const received_request&) {
    return well ? answer(204) : answer(503, "not now");
  }};
  p.command({"channels", "put", "desk", receiver.url("/hook")});
  const auto refused =
      json::parse(ask(p.key(), "POST", "/v1/channels/desk/test").body);
  CAF_CHECK_EQUAL(refused.at("state").as_string(), "failed");
  const auto& attempt = refused.at("attempts").at(0);
  CAF_CHECK_EQUAL(attempt.at("status").as_int64(), 503);
  CAF_CHECK_EQUAL(attempt.at("answer").as_string(), "not now");
  const auto id = std::string{refused.at("id").as_string()};
  const auto listed = p.command({"deliveries", "list", "--state", "failed"});
  CAF_CHECK(listed.find(id) != listed.npos);
  well = true;
  p.command({"deliveries", "retry", id});
  CAF_CHECK(eventually(
      [&] {
        return p.command({"deliveries", "get", id}).find("state\tdelivered") !=
               std::string::npos;
      },
      patience));
  const auto all = receiver.requests();
  CAF_REQUIRE_EQUAL(all.size(), 2u);
  CAF_CHECK_EQUAL(header_of(all[0], "webhook-id"), id);
  CAF_CHECK_EQUAL(header_of(all[1], "webhook-id"), id);
}

CAF_TEST_FIXTURE_SCOPE_END()

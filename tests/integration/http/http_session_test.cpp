// What a client may rely on over one connection, and what it cannot do to us.

#define CAF_SUITE http_session

#include "tests/integration/http/test_server.hpp"
#include "tests/integration/http/wire.hpp"

#include <caf/test/unit_test.hpp>

#include <thread>

using namespace std::chrono_literals;

namespace {

const std::string get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

std::string post(const std::string& body, const std::string& fields = "") {
  return "POST /b HTTP/1.1\r\nHost: a\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct fixture {
  test::inbox box;
  test::server_options options;
  std::unique_ptr<test::server> server;

  wire::connection open() {
    if (!server)
      server = test::start(options, box);
    return wire::connection{server->port()};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_session_tests, fixture)

CAF_TEST(a_request_arrives_whole_and_its_answer_goes_back) {
  auto client = open();
  client.send("POST /p%20q?x=1 HTTP/1.1\r\nHost: a\r\nX-Y: z\r\n"
              "Transfer-Encoding: chunked\r\n\r\n"
              "3\r\nabc\r\n2;e=1\r\nde\r\n0\r\nT: v\r\n\r\n");
  auto call = box.take();
  CAF_CHECK_EQUAL(call.head->method, "POST");
  CAF_CHECK_EQUAL(call.head->path, "/p%20q");
  CAF_CHECK_EQUAL(call.head->query, "x=1");
  CAF_CHECK_EQUAL(find_header(*call.head, "x-y"), "z");
  CAF_CHECK_EQUAL(find_header(*call.head, "t"), "");
  CAF_CHECK(call.head->remote.starts_with("127.0.0.1:"));
  CAF_CHECK(!call.head->encrypted);
  CAF_CHECK_EQUAL(call.body, "abcde");
  CAF_CHECK(!call.streamed);
  CAF_CHECK(call.last);
  auto answer = test::text(202, "taken");
  answer.headers.emplace_back("X-Id", "7");
  call.reply(answer);
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 202u);
  CAF_CHECK_EQUAL(got->body, "taken");
  CAF_CHECK(got->has("HTTP/1.1 202 Accepted\r\n"));
  CAF_CHECK(got->has("Content-Type: text/plain\r\n"));
  CAF_CHECK(got->has("X-Id: 7\r\n"));
  CAF_CHECK(got->has("Date: "));
  CAF_CHECK(got->has("Server: eventpulse\r\n"));
  CAF_CHECK(!got->has("Connection:"));
}

CAF_TEST(pipelined_requests_are_answered_in_order_one_at_a_time) {
  auto client = open();
  client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + post("xy") +
              "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
  for (std::string body : {"one", "two", "three"}) {
    auto call = box.take();
    CAF_CHECK_EQUAL(server->exchanges_in_flight(), 1u);
    call.reply(test::text(200, body));
    auto got = client.read();
    CAF_REQUIRE(got);
    CAF_CHECK_EQUAL(got->body, body);
  }
  CAF_CHECK_EQUAL(box.count(), 3u);
}

CAF_TEST(head_is_answered_without_the_body_but_with_its_length) {
  auto client = open();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get);
  box.take().reply(test::text(200, "12345"));
  auto got = client.read(10s, true);
  CAF_REQUIRE(got);
  CAF_CHECK(got->has("Content-Length: 5\r\n"));
  box.take().reply(test::text(200, "next"));
  got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->body, "next");
}

CAF_TEST(no_content_is_answered_without_a_length) {
  auto client = open();
  client.send(get);
  test::http_response answer;
  answer.status = 204;
  box.take().reply(answer);
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 204u);
  CAF_CHECK(!got->has("Content-Length"));
}

CAF_TEST(an_old_client_gets_its_answer_and_the_end) {
  auto client = open();
  client.send("GET / HTTP/1.0\r\n\r\n");
  box.take().reply(test::text(200, "x"));
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK(got->has("Connection: close\r\n"));
  CAF_CHECK(client.ends());
}

CAF_TEST(an_old_client_that_asks_to_stay_is_told_that_it_may) {
  auto client = open();
  const std::string ask = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  client.send(ask);
  box.take().reply(test::text(200, "x"));
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK(got->has("Connection: keep-alive\r\n"));
  client.send(ask);
  box.take().reply(test::text(200, "y"));
  got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->body, "y");
}

CAF_TEST(continue_is_said_only_to_who_waits_for_it_within_the_limits) {
  options.body_bytes_max = 10;
  auto client = open();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
              "Content-Length: 3\r\n\r\n");
  CAF_REQUIRE(client.hears(5s));
  client.send("abc");
  box.take().reply(test::text(200, "x"));
  CAF_REQUIRE(client.read());
  CAF_CHECK_EQUAL(client.interim_answers(), 1);

  client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
              "Content-Length: 11\r\n\r\n");
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 413u);
  CAF_CHECK_EQUAL(client.interim_answers(), 1);
  CAF_CHECK(client.ends());
}

CAF_TEST(continue_is_not_said_when_the_body_has_come_already) {
  auto client = open();
  client.send(post("abc", "Expect: 100-continue\r\n"));
  box.take().reply(test::text(200, "x"));
  CAF_REQUIRE(client.read());
  CAF_CHECK_EQUAL(client.interim_answers(), 0);
}

CAF_TEST(a_body_is_taken_at_its_limit_and_refused_one_octet_above) {
  options.body_bytes_max = 1000;
  auto client = open();
  client.send(post(std::string(1000, 'x')));
  box.take().reply(test::text(200, "x"));
  CAF_CHECK_EQUAL(client.read_status(), 200u);
  client.send(post(std::string(1001, 'x')));
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 413u);
  CAF_CHECK(got->has("application/problem+json"));
  CAF_CHECK(got->body.find("problems/too_large") != std::string::npos);
  CAF_CHECK(client.ends());
  CAF_CHECK_EQUAL(box.count(), 1u);
}

CAF_TEST(a_client_that_sends_on_after_413_still_reads_it) {
  options.body_bytes_max = 1000;
  auto client = open();
  client.send(post(std::string(4 << 20, 'x')));
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 413u);
}

CAF_TEST(an_unknown_method_is_not_implemented) {
  auto client = open();
  client.send("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n");
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 501u);
  CAF_CHECK_EQUAL(box.count(), 0u);
}

CAF_TEST(a_head_that_trickles_in_is_cut_at_one_deadline) {
  options.header_timeout = 200ms;
  auto client = open();
  const auto begin = std::chrono::steady_clock::now();
  std::optional<wire::answer> got;
  client.send("GET / HTTP/1.1\r\n");
  while (!(got = client.read(30ms)) && !client.ended())
    client.send("X: y\r\n");
  const auto took = std::chrono::steady_clock::now() - begin;
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 408u);
  CAF_CHECK(took >= 190ms);
  CAF_CHECK(took < 5s);
}

CAF_TEST(empty_lines_do_not_keep_a_connection) {
  options.header_timeout = 200ms;
  options.idle_timeout = 200ms;
  auto client = open();
  client.send(get);
  box.take().reply(test::text(200, "x"));
  CAF_REQUIRE(client.read());
  CAF_CHECK(wire::eventually([&] {
    client.send("\r\n");
    client.hears(20ms);
    return client.ended();
  }));
}

CAF_TEST(a_silent_connection_is_closed_without_a_word) {
  options.header_timeout = 50ms;
  auto client = open();
  CAF_CHECK(client.ends());
}

CAF_TEST(an_idle_connection_is_closed_without_a_word) {
  options.idle_timeout = 50ms;
  auto client = open();
  client.send(get);
  box.take().reply(test::text(200, "x"));
  CAF_REQUIRE(client.read());
  CAF_CHECK(client.ends());
}

CAF_TEST(a_body_that_stops_is_cut) {
  options.body_timeout = 100ms;
  auto client = open();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 408u);
  CAF_CHECK_EQUAL(box.count(), 0u);
}

CAF_TEST(a_body_that_trickles_below_the_rate_is_cut) {
  options.body_timeout = 200ms;
  options.body_rate_min = 1'000'000;
  auto client = open();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n");
  std::optional<wire::answer> got;
  while (!(got = client.read(20ms)) && !client.ended())
    client.send("x");
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 408u);
}

CAF_TEST(only_the_first_of_several_answers_counts) {
  auto client = open();
  client.send(get + get);
  auto call = box.take();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([reply = call.reply] {
      for (int k = 0; k < 50; ++k)
        reply(test::text(200, "first"));
    });
  for (auto& thread : threads)
    thread.join();
  CAF_CHECK_EQUAL(client.read_body(), "first");
  auto second = box.take();
  call.reply(test::text(200, "late"));
  second.reply(test::text(200, "second"));
  CAF_CHECK_EQUAL(client.read_body(), "second");
}

CAF_TEST(an_answer_that_does_not_come_is_a_504_and_a_late_one_is_harmless) {
  options.reply_timeout = 50ms;
  auto client = open();
  client.send(get);
  auto call = box.take();
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 504u);
  CAF_CHECK_EQUAL(server->exchanges_in_flight(), 0u);
  client.send(get);
  auto next = box.take();
  call.reply(test::text(200, "late"));
  next.reply(test::text(200, "next"));
  CAF_CHECK_EQUAL(client.read_body(), "next");
}

CAF_TEST(a_dropped_reply_is_a_503_that_says_what_may_have_happened) {
  auto client = open();
  client.send(get);
  box.take();
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 503u);
  CAF_CHECK(got->has("Retry-After: "));
  CAF_CHECK(got->body.find("problems/unavailable") != std::string::npos);
  client.send(post("x"));
  box.take();
  got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 503u);
  CAF_CHECK(got->body.find("problems/outcome-unknown") != std::string::npos);
}

CAF_TEST(a_sink_that_throws_is_a_500) {
  test::server_hooks hooks;
  hooks.sink = [](test::http_exchange) { throw std::runtime_error("no"); };
  server = test::start(options, hooks);
  auto client = open();
  client.send(get);
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 500u);
}

CAF_TEST(an_answer_cannot_forge_another) {
  auto client = open();
  auto forged = test::text(200, "x");
  forged.headers.emplace_back("X", "a\r\nContent-Length: 0");
  auto framed = test::text(200, "x");
  framed.headers.emplace_back("Content-length", "9");
  for (const auto& bad : {forged, framed, test::text(100, "x")}) {
    client.send(get);
    box.take().reply(bad);
    auto got = client.read();
    CAF_REQUIRE(got);
    CAF_CHECK_EQUAL(got->status, 500u);
  }
}

CAF_TEST(an_answer_may_end_the_connection) {
  auto client = open();
  client.send(get);
  auto answer = test::text(200, "x");
  answer.close = true;
  box.take().reply(answer);
  CAF_CHECK(client.read()->has("Connection: close\r\n"));
  CAF_CHECK(client.ends());
}

CAF_TEST(a_client_that_goes_while_its_request_is_under_way_costs_nothing) {
  auto client = open();
  client.send(get);
  auto call = box.take();
  client.reset();
  call.reply(test::text(200, std::string(1 << 20, 'x')));
  CAF_CHECK(wire::eventually([&] { return server->connections() == 0; }));
  CAF_CHECK_EQUAL(server->exchanges_in_flight(), 0u);
}

CAF_TEST(a_client_that_goes_in_the_middle_of_a_body_is_not_served) {
  auto client = open();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  client.half_close();
  CAF_CHECK(client.ends());
  CAF_CHECK_EQUAL(box.count(), 0u);
}

CAF_TEST(a_client_that_reads_nothing_is_cut) {
  options.write_timeout = 100ms;
  options.body_rate_min = 0;
  open();
  wire::connection client{server->port(), 4096};
  client.send(get);
  box.take().reply(test::text(200, std::string(32 << 20, 'x')));
  CAF_CHECK(wire::eventually([&] { return server->connections() == 0; }));
}

CAF_TEST(requests_are_reported_to_the_observer) {
  struct counting final : eventpulse::http::server_observer {
    std::atomic<int> opened{0}, closed{0}, done{0};
    std::atomic<unsigned> status{0};
    std::atomic<uint64_t> in{0};
    void connection_opened() override { ++opened; }
    void connection_closed() override { ++closed; }
    void request_done(const eventpulse::http::request_report& report) override {
      status = report.status;
      in = report.bytes_in;
      ++done;
    }
  };
  auto observer = std::make_shared<counting>();
  test::server_hooks hooks;
  hooks.sink = test::answer_at_once;
  hooks.observer = observer;
  server = test::start(options, hooks);
  {
    auto client = open();
    client.send(post("abc"));
    CAF_REQUIRE(client.read());
  }
  CAF_CHECK(wire::eventually([&] { return observer->closed == 1; }));
  CAF_CHECK_EQUAL(observer->opened.load(), 1);
  CAF_CHECK_EQUAL(observer->done.load(), 1);
  CAF_CHECK_EQUAL(observer->status.load(), 200u);
  CAF_CHECK_EQUAL(observer->in.load(), 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()

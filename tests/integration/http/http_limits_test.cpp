// Caps of the whole server, draining and stopping.

#define CAF_SUITE http_limits

#include "tests/integration/http/test_server.hpp"
#include "tests/integration/http/wire.hpp"

#include <caf/test/unit_test.hpp>

#include <sys/resource.h>

#include <thread>

using namespace std::chrono_literals;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

bool refuses(uint16_t port) {
  try {
    wire::connection client{port};
    return false;
  } catch (const std::runtime_error&) {
    return true;
  }
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

CAF_TEST_FIXTURE_SCOPE(http_limits_tests, fixture)

CAF_TEST(a_connection_above_the_cap_is_told_so_and_closed) {
  options.connections_max = 2;
  {
    auto first = open();
    auto second = open();
    CAF_REQUIRE(wire::eventually([&] { return server->connections() == 2; }));
    auto third = open();
    auto got = third.read();
    CAF_REQUIRE(got);
    CAF_CHECK_EQUAL(got->status, 503u);
    CAF_CHECK(got->has("Retry-After: "));
    CAF_CHECK(got->has("Connection: close\r\n"));
    CAF_CHECK(third.ends());
    second.send(get);
    box.take().reply(test::text(200, "x"));
    CAF_CHECK_EQUAL(second.read_status(), 200u);
  }
  CAF_CHECK(wire::eventually([&] { return server->connections() == 0; }));
  auto next = open();
  next.send(get);
  box.take().reply(test::text(200, "x"));
  CAF_CHECK_EQUAL(next.read_status(), 200u);
}

CAF_TEST(a_request_above_the_cap_is_answered_at_once_and_stays_connected) {
  options.exchanges_in_flight_max = 1;
  auto first = open();
  auto second = open();
  first.send(get);
  auto call = box.take();
  second.send(get);
  auto got = second.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 503u);
  CAF_CHECK(got->has("Retry-After: "));
  CAF_CHECK(got->body.find("problems/overloaded") != std::string::npos);
  CAF_CHECK_EQUAL(box.count(), 1u);
  call.reply(test::text(200, "x"));
  CAF_CHECK_EQUAL(first.read_status(), 200u);
  second.send(get);
  box.take().reply(test::text(200, "y"));
  CAF_CHECK_EQUAL(second.read_body(), "y");
}

CAF_TEST(bodies_together_are_bounded) {
  options.buffered_bytes_max = 1000;
  auto first = open();
  auto second = open();
  const std::string body(600, 'x');
  const auto post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n";
  first.send(post + body);
  auto call = box.take();
  second.send(post + body);
  CAF_CHECK_EQUAL(second.read_status(), 503u);
  call.reply(test::text(200, "x"));
  CAF_CHECK_EQUAL(first.read_status(), 200u);
  auto third = open();
  third.send(post + body);
  box.take().reply(test::text(200, "x"));
  CAF_CHECK_EQUAL(third.read_status(), 200u);
}

CAF_TEST(draining_answers_what_is_under_way_and_takes_nothing_new) {
  auto busy = open();
  auto idle = open();
  auto arriving = open();
  idle.send(get);
  box.take().reply(test::text(200, "x"));
  CAF_REQUIRE(idle.read());
  busy.send(get);
  auto call = box.take();
  arriving.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                "Content-Length: 1\r\n\r\n");
  CAF_REQUIRE(arriving.hears(10s));
  bool drained = false;
  std::thread drainer{[&] { drained = server->drain(20s); }};
  CAF_CHECK(idle.ends());
  CAF_CHECK(wire::eventually([&] { return refuses(server->port()); }));
  call.reply(test::text(200, "still"));
  auto got = busy.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->body, "still");
  CAF_CHECK(got->has("Connection: close\r\n"));
  CAF_CHECK(busy.ends());
  arriving.send("x");
  box.take().reply(test::text(200, "late"));
  CAF_CHECK_EQUAL(arriving.read_body(), "late");
  CAF_CHECK(arriving.ends());
  busy.reset();
  idle.reset();
  arriving.reset();
  drainer.join();
  CAF_CHECK(drained);
}

CAF_TEST(draining_gives_up_at_its_deadline_and_stopping_ends_the_rest) {
  auto client = open();
  client.send(get);
  auto call = box.take();
  CAF_CHECK(!server->drain(50ms));
  server->stop();
  CAF_CHECK(client.ends());
  server.reset();
  call.reply(test::text(200, "to nobody"));
}

CAF_TEST(stopping_ends_connections_in_every_phase) {
  auto silent = open();
  auto reading = open();
  auto waiting = open();
  reading.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
  waiting.send(get);
  auto call = box.take();
  server->stop();
  CAF_CHECK(silent.ends());
  CAF_CHECK(reading.ends());
  CAF_CHECK(waiting.ends());
  CAF_CHECK_EQUAL(server->connections(), 0u);
}

CAF_TEST(running_out_of_descriptors_is_survived) {
  open(); // starts the server
  auto client = std::make_unique<wire::connection>(server->port());
  client->send(get);
  box.take().reply(test::text(200, "x"));
  CAF_REQUIRE(client->read());
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int used = ::dup(0); // the lowest free descriptor
  ::close(used);
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(used) + 1; // one for the client's end
  ::setrlimit(RLIMIT_NOFILE, &low);
  std::unique_ptr<wire::connection> starved;
  try {
    starved = std::make_unique<wire::connection>(server->port());
    starved->send(get);
  } catch (const std::runtime_error&) {
  }
  const bool heard = starved && starved->hears(200ms);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CAF_REQUIRE(starved);
  CAF_CHECK(!heard);
  box.take().reply(test::text(200, "at last"));
  CAF_CHECK_EQUAL(starved->read_body(), "at last");
}

CAF_TEST(what_cannot_be_served_is_refused_at_the_start) {
  auto fails = [&](test::server_options bad) {
    test::server_hooks hooks;
    hooks.sink = test::answer_at_once;
    auto out = test::server::start(std::move(bad), hooks);
    return out ? "" : out.error().detail;
  };
  test::server_options bad;
  bad.address = "localhost";
  CAF_CHECK_EQUAL(fails(bad), "localhost is not an IP address");
  bad = {};
  bad.threads = 0;
  CAF_CHECK_NOT_EQUAL(fails(bad), "");
  bad = {};
  bad.tls_key_file = "k.pem";
  CAF_CHECK_NOT_EQUAL(fails(bad), "");
  bad = {};
  bad.reply_timeout = 0ms;
  CAF_CHECK_NOT_EQUAL(fails(bad), "");
  open();
  bad = {};
  bad.port = server->port();
  CAF_CHECK(fails(bad).find("in use") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()

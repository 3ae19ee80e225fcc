// Bodies that are taken as they arrive, with back-pressure.

#define CAF_SUITE http_stream

#include "tests/integration/http/test_server.hpp"
#include "tests/integration/http/wire.hpp"

#include <caf/test/unit_test.hpp>

#include <thread>

using namespace std::chrono_literals;

namespace {

const std::string chunked_head = "POST /stream HTTP/1.1\r\nHost: a\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n";

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

CAF_TEST_FIXTURE_SCOPE(http_stream_tests, fixture)

CAF_TEST(pieces_come_as_they_arrive_and_carry_the_context_on) {
  auto client = open();
  client.send(chunked_head + "3\r\nabc\r\n");
  auto piece = box.take();
  CAF_CHECK_EQUAL(piece.body, "abc");
  CAF_CHECK(piece.streamed);
  CAF_CHECK(!piece.last);
  CAF_CHECK(!piece.context);
  auto memory = std::make_shared<int>(7);
  piece.reply(test::http_continue{memory});
  client.send("2\r\nde\r\n");
  piece = box.take();
  CAF_CHECK_EQUAL(piece.body, "de");
  CAF_CHECK(piece.context == memory);
  piece.reply(test::http_continue{memory});
  client.send("0\r\n\r\n");
  piece = box.take();
  CAF_CHECK_EQUAL(piece.body, "");
  CAF_CHECK(piece.last);
  CAF_CHECK(piece.context == memory);
  piece.reply(test::text(200, "5"));
  CAF_CHECK_EQUAL(client.read_body(), "5");
  client.send(
      "POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy");
  piece = box.take();
  CAF_CHECK_EQUAL(piece.body, "xy");
  CAF_CHECK(piece.last);
  CAF_CHECK(!piece.context);
  piece.reply(test::text(200, "2"));
  CAF_CHECK_EQUAL(client.read_body(), "2");
}

CAF_TEST(a_streamed_request_without_a_body_is_one_last_piece) {
  auto client = open();
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  auto piece = box.take();
  CAF_CHECK(piece.streamed);
  CAF_CHECK(piece.last);
  piece.reply(test::text(200, "0"));
  CAF_CHECK_EQUAL(client.read_body(), "0");
}

CAF_TEST(nothing_is_read_while_a_piece_is_unanswered) {
  options.stream_piece_bytes = 4096;
  auto client = open();
  const size_t total = 64 << 20;
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: " +
              std::to_string(total) + "\r\n\r\n");
  // What the server does not read fills the kernel's buffers, and then the
  // client cannot send any more: that is the back-pressure.
  const std::string flood(total, 'x');
  const size_t stuck = client.send(flood, 500ms);
  CAF_CHECK(stuck < total);
  CAF_CHECK_EQUAL(box.count(), 1u);

  std::thread sender{
      [&] { client.send(std::string_view{flood}.substr(stuck), 60s); }};
  size_t received = 0;
  for (bool last = false; !last;) {
    auto piece = box.take();
    CAF_REQUIRE(piece.body.size() <= 4096);
    received += piece.body.size();
    last = piece.last;
    if (last)
      piece.reply(test::text(200, "done"));
    else
      piece.reply(test::http_continue{});
  }
  sender.join();
  CAF_CHECK_EQUAL(received, total);
  CAF_CHECK_EQUAL(client.read_body(), "done");
}

CAF_TEST(an_early_answer_ends_the_body_and_the_connection) {
  auto client = open();
  client.send(chunked_head + "3\r\nabc\r\n");
  box.take().reply(test::text(422, "enough"));
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 422u);
  CAF_CHECK(got->has("Connection: close\r\n"));
  client.send("3\r\ndef\r\n0\r\n\r\n");
  CAF_CHECK(client.ends());
  CAF_CHECK_EQUAL(box.count(), 1u);
}

CAF_TEST(going_on_after_the_last_piece_is_a_fault) {
  auto client = open();
  client.send(chunked_head + "0\r\n\r\n");
  box.take().reply(test::http_continue{});
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 500u);
}

CAF_TEST(going_on_with_a_buffered_body_is_a_fault) {
  auto client = open();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  box.take().reply(test::http_continue{});
  CAF_CHECK_EQUAL(client.read_status(), 500u);
}

CAF_TEST(broken_chunks_end_a_stream) {
  auto client = open();
  client.send(chunked_head + "3\r\nabc\r\n");
  auto piece = box.take();
  std::weak_ptr<void> watched;
  {
    auto memory = std::make_shared<int>(1);
    watched = memory;
    piece.reply(test::http_continue{std::move(memory)});
  }
  client.send("-1\r\n");
  auto got = client.read();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 400u);
  CAF_CHECK(wire::eventually([&] { return watched.expired(); }));
  CAF_CHECK_EQUAL(box.count(), 1u);
}

CAF_TEST(a_stalled_stream_is_cut_but_the_actor_may_take_its_time) {
  options.body_timeout = 150ms;
  auto client = open();
  client.send(chunked_head + "3\r\nabc\r\n");
  auto piece = box.take();
  // Longer than body_timeout: the wait for us is not held against the client.
  CAF_CHECK(!client.hears(300ms));
  piece.reply(test::http_continue{});
  client.send("3\r\ndef\r\n");
  piece = box.take();
  CAF_CHECK_EQUAL(piece.body, "def");
  piece.reply(test::http_continue{});
  CAF_CHECK_EQUAL(client.read_status(), 408u);
}

CAF_TEST(a_streamed_body_may_have_a_limit) {
  test::server_hooks hooks;
  hooks.sink = [this](test::http_exchange call) { box.put(std::move(call)); };
  hooks.body_mode_of = [](const test::http_request&) {
    return test::body_mode{true, 5};
  };
  server = test::start(options, hooks);
  auto client = open();
  client.send(chunked_head + "3\r\nabc\r\n");
  box.take().reply(test::http_continue{});
  client.send("3\r\n");
  CAF_CHECK_EQUAL(client.read_status(), 413u);
}

CAF_TEST_FIXTURE_SCOPE_END()

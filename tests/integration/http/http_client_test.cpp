// The blocking client, in the clear and in TLS, against our server.

#define CAF_SUITE http_client

#include "runtime/adapters/http/client.hpp"

#include "tests/integration/http/certificate.hpp"
#include "tests/integration/http/test_server.hpp"
#include "tests/integration/http/wire.hpp"

#include <caf/test/unit_test.hpp>

#include <atomic>
#include <thread>

using namespace std::chrono_literals;
using eventpulse::errc;
using eventpulse::http::client;
using eventpulse::http::client_options;
using eventpulse::http::client_request;

namespace {

struct counting final : eventpulse::http::server_observer {
  std::atomic<int> opened{0};
  void connection_opened() override { ++opened; }
};

struct fixture {
  test::inbox box;
  test::server_options options;
  std::shared_ptr<counting> observer = std::make_shared<counting>();
  std::unique_ptr<test::server> server;

  std::string url(const std::string& path, const std::string& scheme = "http",
                  const std::string& host = "127.0.0.1") {
    if (!server)
      start(test::answer_at_once);
    return scheme + "://" + host + ':' + std::to_string(server->port()) + path;
  }

  void start(std::function<void(test::http_exchange)> sink) {
    test::server_hooks hooks;
    hooks.sink = std::move(sink);
    hooks.observer = observer;
    hooks.body_mode_of = [](const test::http_request& head) {
      return test::body_mode{head.path == "/stream", 0};
    };
    server = test::start(options, std::move(hooks));
  }

  void start_with_box() {
    start([this](test::http_exchange call) { box.put(std::move(call)); });
  }
};

client_request ask(std::string method, std::string url, std::string body = "") {
  client_request out;
  out.method = std::move(method);
  out.url = std::move(url);
  out.body = std::move(body);
  return out;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_client_tests, fixture)

CAF_TEST(requests_use_one_connection) {
  client peer;
  for (int i = 0; i < 3; ++i) {
    auto got = peer.request(ask("POST", url("/a?x=1"), "abc"));
    CAF_REQUIRE(got);
    CAF_CHECK_EQUAL(got->status, 200u);
    CAF_CHECK_EQUAL(got->body, "POST /a 3");
    CAF_CHECK_EQUAL(find_header(*got, "content-type"), "text/plain");
  }
  auto got = peer.request(ask("HEAD", url("/a")));
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->body, "");
  got = peer.request(ask("GET", url("/b")));
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->body, "GET /b 0");
  CAF_CHECK_EQUAL(observer->opened.load(), 1);
}

CAF_TEST(a_large_body_goes_both_ways) {
  start(
      [](test::http_exchange call) { call.reply(test::text(200, call.body)); });
  const std::string body(3 << 20, 'x');
  client peer;
  auto got = peer.request(ask("PUT", url("/"), body));
  CAF_REQUIRE(got);
  CAF_CHECK(got->body == body);
}

CAF_TEST(a_connection_that_the_server_has_closed_is_replaced) {
  client peer;
  CAF_REQUIRE(peer.request(ask("POST", url("/"))));
  const auto port = server->port();
  server.reset();
  options.port = port;
  start(test::answer_at_once);
  auto got = peer.request(ask("POST", url("/")));
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 200u);
}

CAF_TEST(failures_tell_whether_something_may_have_happened) {
  start_with_box();
  client_options hasty;
  hasty.answer_timeout = 50ms;
  client peer{hasty};
  auto got = peer.request(ask("GET", url("/")));
  CAF_REQUIRE(!got);
  CAF_CHECK(got.error().code == errc::timed_out);
  got = peer.request(ask("POST", url("/")));
  CAF_REQUIRE(!got);
  CAF_CHECK(got.error().code == errc::outcome_unknown);

  const auto away = url("/");
  server.reset();
  got = peer.request(ask("POST", away));
  CAF_REQUIRE(!got);
  CAF_CHECK(got.error().code == errc::unavailable);

  start_with_box();
  client patient;
  std::thread killer{[&] {
    auto call = box.take();
    call = box.take();
    call = box.take();
    server->stop();
  }};
  got = patient.request(ask("POST", url("/")));
  killer.join();
  CAF_REQUIRE(!got);
  CAF_CHECK(got.error().code == errc::outcome_unknown);
}

CAF_TEST(wrong_requests_are_refused_before_anything_is_sent) {
  client peer;
  for (const char* bad :
       {"", "ftp://a/", "http://", "http://a b/", "a.example/x", "http://u@a/",
        "http://a/%zz", "http://a:b/"}) {
    auto got = peer.request(ask("GET", bad));
    CAF_REQUIRE(!got);
    CAF_CHECK(got.error().code == errc::invalid);
  }
  auto injected = ask("GET", url("/"));
  injected.headers.emplace_back("X", "a\r\nY: b");
  CAF_CHECK(peer.request(injected).error().code == errc::invalid);
}

CAF_TEST(an_answer_over_the_limit_is_refused) {
  start([](test::http_exchange call) {
    call.reply(test::text(200, std::string(1001, 'x')));
  });
  client_options small;
  small.body_bytes_max = 1000;
  client peer{small};
  auto got = peer.request(ask("GET", url("/")));
  CAF_REQUIRE(!got);
  CAF_CHECK(got.error().code == errc::too_large);
}

CAF_TEST(an_upload_arrives_piece_by_piece) {
  start_with_box();
  std::string received;
  std::thread taker{[&] {
    for (bool last = false; !last;) {
      auto piece = box.take();
      received += piece.body;
      last = piece.last;
      if (last)
        piece.reply(test::text(200, "all"));
      else
        piece.reply(test::http_continue{});
    }
  }};
  client peer;
  std::string sent;
  int left = 50;
  auto got = peer.upload(
      ask("POST", url("/stream")), [&]() -> std::optional<std::string> {
        if (left-- == 0)
          return std::nullopt;
        sent += std::string(1000, static_cast<char>('a' + left % 26));
        return sent.substr(sent.size() - 1000);
      });
  taker.join();
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->body, "all");
  CAF_CHECK(received == sent);
}

CAF_TEST(an_early_answer_stops_the_upload) {
  start([](test::http_exchange call) {
    call.reply(test::text(503, "next_line 7"));
  });
  client peer;
  size_t asked = 0;
  auto got = peer.upload(ask("POST", url("/stream")),
                         [&]() -> std::optional<std::string> {
                           ++asked;
                           return std::string(65'536, 'x');
                         });
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 503u);
  CAF_CHECK_EQUAL(got->body, "next_line 7");
  CAF_CHECK(peer.request(ask("GET", url("/"))).ok());
}

CAF_TEST_FIXTURE_SCOPE_END()

#undef CAF_SUITE
#define CAF_SUITE http_tls

namespace {

struct tls_fixture : fixture {
  test::certificate pem;

  tls_fixture() {
    options.tls_certificate_file = pem.file();
    options.tls_key_file = pem.key_file();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_tls_tests, tls_fixture)

CAF_TEST(an_encrypted_connection_serves_many_requests) {
  bool encrypted = false;
  start([&](test::http_exchange call) {
    encrypted = call.head->encrypted;
    test::answer_at_once(std::move(call));
  });
  client_options trusting;
  trusting.ca_file = pem.file();
  client peer{trusting};
  for (const char* host : {"127.0.0.1", "localhost"}) {
    auto got = peer.request(
        ask("POST", url("/", "https", host), std::string(99999, 'x')));
    CAF_REQUIRE(got);
    CAF_CHECK_EQUAL(got->body, "POST / 99999");
    CAF_CHECK(peer.request(ask("GET", url("/", "https", host))).ok());
  }
  CAF_CHECK(encrypted);
}

CAF_TEST(a_certificate_that_is_not_trusted_is_refused) {
  client peer;
  auto got = peer.request(ask("GET", url("/", "https")));
  CAF_REQUIRE(!got);
  CAF_CHECK(got.error().code == errc::unavailable);
}

CAF_TEST(a_client_that_never_shakes_hands_is_closed) {
  options.handshake_timeout = 50ms;
  url("/");
  wire::connection client{server->port()};
  CAF_CHECK(client.ends());
}

CAF_TEST(plain_http_on_the_encrypted_port_is_closed) {
  url("/");
  wire::connection client{server->port()};
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CAF_CHECK(wire::eventually([&] {
    client.hears(10ms);
    return client.ended();
  }));
  CAF_CHECK_EQUAL(box.count(), 0u);
}

CAF_TEST(an_idle_encrypted_connection_is_closed_and_replaced) {
  options.idle_timeout = 50ms;
  options.linger_timeout = 100ms;
  client_options trusting;
  trusting.ca_file = pem.file();
  client peer{trusting};
  CAF_REQUIRE(peer.request(ask("GET", url("/", "https"))));
  CAF_CHECK(wire::eventually([&] { return server->connections() == 0; }));
  CAF_CHECK(peer.request(ask("GET", url("/", "https"))).ok());
}

CAF_TEST(an_early_answer_stops_an_encrypted_upload) {
  start([](test::http_exchange call) {
    call.reply(test::text(503, "next_line 7"));
  });
  client_options trusting;
  trusting.ca_file = pem.file();
  client peer{trusting};
  auto got = peer.upload(
      ask("POST", url("/stream", "https")),
      []() -> std::optional<std::string> { return std::string(65'536, 'x'); });
  CAF_REQUIRE(got);
  CAF_CHECK_EQUAL(got->status, 503u);
}

CAF_TEST(draining_ends_encrypted_connections) {
  client_options trusting;
  trusting.ca_file = pem.file();
  options.linger_timeout = 200ms;
  client peer{trusting};
  CAF_REQUIRE(peer.request(ask("GET", url("/", "https"))));
  CAF_CHECK(server->drain(10s));
}

CAF_TEST(a_key_that_is_not_the_certificates_is_refused_at_the_start) {
  test::certificate other;
  test::server_hooks hooks;
  hooks.sink = test::answer_at_once;
  options.tls_key_file = other.key_file();
  auto out = test::server::start(options, hooks);
  CAF_REQUIRE(!out);
  CAF_CHECK(out.error().code == errc::invalid);
  options.tls_key_file = "/nowhere/key.pem";
  out = test::server::start(options, hooks);
  CAF_REQUIRE(!out);
  CAF_CHECK(out.error().detail.find("/nowhere/key.pem") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()

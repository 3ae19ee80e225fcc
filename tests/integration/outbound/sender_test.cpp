// Requests to a real receiver, and what becomes of those that must not or
// cannot go out.

#define CAF_SUITE outbound_sender
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/outbound/sender.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/utf8.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_receiver.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;

namespace {

outbound::options loopback_open() {
  outbound::options o;
  o.allow = {"127.0.0.0/8"};
  return o;
}

std::shared_ptr<sender> make(const outbound::options& o) {
  auto made = outbound::make_sender(o);
  if (!made)
    CAF_FAIL(to_string(made.error()));
  return *made;
}

outbound_answer send(sender& to, outbound_request request) {
  auto promise = std::make_shared<std::promise<outbound_answer>>();
  auto answered = promise->get_future();
  to.send(std::move(request),
          [promise](outbound_answer a) { promise->set_value(std::move(a)); });
  if (answered.wait_for(60s) != std::future_status::ready)
    throw std::runtime_error("a request was not answered");
  return answered.get();
}

outbound_request post(const std::string& url, const std::string& body = "{}") {
  outbound_request r;
  r.url = url;
  r.body = body;
  return r;
}

} // namespace

CAF_TEST(a_request_arrives_as_it_was_given) {
  http_receiver there{
      [](const auto&) { return answer(202, "thanks", "X-One:  two \r\n"); }};
  auto to = make(loopback_open());
  std::string body(300'000, 'x');
  body[5] = '\0';
  auto request = post(there.url("/hook?a=b"), body);
  request.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", "m1"},
                     {"x-empty", ""}};
  auto got = send(*to, request);
  CAF_CHECK_EQUAL(got.status, 202u);
  CAF_CHECK_EQUAL(got.error, "");
  CAF_CHECK_EQUAL(got.body_excerpt, "thanks");
  CAF_CHECK((got.headers.at(0) ==
             std::pair<std::string, std::string>{"X-One", "two"}));
  auto all = there.requests();
  CAF_REQUIRE_EQUAL(all.size(), 1u);
  CAF_CHECK(all[0].head.starts_with("POST /hook?a=b HTTP/1.1\r\n"));
  CAF_CHECK(all[0].has_line("Content-Type: application/json"));
  CAF_CHECK(all[0].has_line("webhook-id: m1"));
  CAF_CHECK(all[0].has_line("x-empty:"));
  CAF_CHECK(all[0].has_line("User-Agent: EventPulse"));
  CAF_CHECK(all[0].head.find("Expect") == std::string::npos);
  CAF_CHECK(all[0].body == body);
}

CAF_TEST(connections_are_kept_and_everything_is_answered) {
  http_receiver there;
  auto o = loopback_open();
  o.connections_per_host_max = 4;
  auto to = make(o);
  std::atomic<int> good{0}, all{0};
  for (int i = 0; i < 2000; ++i)
    to->send(post(there.url()), [&](outbound_answer a) {
      good += a.status == 204;
      ++all;
    });
  CAF_CHECK(eventually([&] { return all == 2000; }));
  CAF_CHECK_EQUAL(good.load(), 2000);
  CAF_CHECK_LESS_OR_EQUAL(there.connections(), 4u);
  CAF_CHECK_LESS_OR_EQUAL(there.busiest(), 4u);
}

CAF_TEST(a_redirect_is_an_answer_and_is_not_followed) {
  http_receiver elsewhere;
  http_receiver there{[&](const auto&) {
    return answer(302, "", "Location: " + elsewhere.url() + "\r\n");
  }};
  auto to = make(loopback_open());
  CAF_CHECK_EQUAL(send(*to, post(there.url())).status, 302u);
  CAF_CHECK_EQUAL(elsewhere.connections(), 0u);
}

CAF_TEST(private_addresses_are_closed_in_every_spelling) {
  http_receiver there;
  auto to = make({});
  auto port = there.port();
  for (const char* host : {"127.0.0.1",
                           "localhost",
                           "0",
                           "0.0.0.0",
                           "2130706433",
                           "0x7f.1",
                           "0177.0.0.1",
                           "127.1",
                           "[::1]",
                           "[::]",
                           "[::ffff:127.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[64:ff9b::7f00:1]",
                           "[2002:7f00:1::]",
                           "169.254.169.254",
                           "10.0.0.1",
                           "172.16.0.1",
                           "192.168.1.1",
                           "100.64.0.1",
                           "[fe80::1]",
                           "[fc00::1]",
                           "[ff02::1]"}) {
    auto request = post(std::string{"http://"} + host + ':' + port + '/');
    request.timeout = 5s;
    auto got = send(*to, request);
    CAF_MESSAGE(host << ": " << got.error);
    CAF_CHECK_EQUAL(got.status, 0u);
    CAF_CHECK(!got.error.empty());
  }
  CAF_CHECK_EQUAL(there.connections(), 0u);
  auto got = send(*to, post("http://127.0.0.1:" + port));
  CAF_CHECK_EQUAL(got.error, "the address is not allowed (outbound.allow)");
}

CAF_TEST(only_the_ranges_that_are_opened_are_open) {
  http_receiver there;
  outbound::options o;
  o.allow = {"127.0.0.2/32", "10.0.0.0/8"};
  CAF_CHECK_EQUAL(send(*make(o), post(there.url())).status, 0u);
  o.allow = {"127.0.0.1"};
  CAF_CHECK_EQUAL(send(*make(o), post(there.url())).status, 204u);
  for (const char* wrong : {"", "localhost", "127.0.0.0/33", "::/129", "1.2.3",
                            "127.0.0.0/", "127.0.0.0/x", "127.0.0.0/8 "}) {
    o.allow = {wrong};
    auto made = outbound::make_sender(o);
    CAF_REQUIRE(!made.ok());
    CAF_CHECK(made.error().code == errc::invalid);
  }
}

CAF_TEST(other_schemes_and_broken_requests_are_refused) {
  http_receiver there;
  auto to = make(loopback_open());
  for (const char* url : {"file:///etc/passwd", "gopher://127.0.0.1/x",
                          "ftp://127.0.0.1/", "dict://127.0.0.1:11211/stat", "",
                          "http://", "nonsense:", "http://[::1"})
    CAF_CHECK_EQUAL(send(*to, post(url)).status, 0u);
  auto split = post(there.url());
  split.headers = {{"x-note", "a\r\nx-admin: yes"}};
  CAF_CHECK_EQUAL(send(*to, split).error, "a header is not valid");
  split.headers = {{"x-no te", "a"}};
  CAF_CHECK_EQUAL(send(*to, split).error, "a header is not valid");
  split = post(there.url());
  split.method = "POST / HTTP/1.1\r\nx: y";
  CAF_CHECK_EQUAL(send(*to, split).error, "the method is no token");
  CAF_CHECK_EQUAL(send(*to, post(there.url("/a\nb"))).error,
                  "the URL holds control characters");
  CAF_CHECK_EQUAL(there.requests().size(), 0u);
}

CAF_TEST(proxies_of_the_environment_are_ignored) {
  http_receiver proxy;
  http_receiver there;
  auto to = make(loopback_open());
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("all_proxy", proxy.url().c_str(), 1);
  auto got = send(*to, post(there.url()));
  ::unsetenv("http_proxy");
  ::unsetenv("all_proxy");
  CAF_CHECK_EQUAL(got.status, 204u);
  CAF_CHECK_EQUAL(proxy.connections(), 0u);
}

CAF_TEST(who_does_not_answer_is_given_up_at_the_timeout) {
  http_receiver silent{[](const auto&) { return std::nullopt; }};
  http_receiver rude{[](const auto&) { return ""; }};
  auto to = make(loopback_open());
  auto request = post(silent.url());
  request.timeout = 200ms;
  auto got = send(*to, request);
  CAF_CHECK_EQUAL(got.status, 0u);
  CAF_CHECK(!got.error.empty());
  CAF_CHECK(got.duration >= 150ms);
  CAF_CHECK(got.duration < 10s);
  CAF_CHECK_EQUAL(send(*to, post(rude.url())).status, 0u);
  std::string gone;
  {
    http_receiver short_lived;
    gone = short_lived.url();
  }
  CAF_CHECK_EQUAL(send(*to, post(gone)).status, 0u);
}

CAF_TEST(a_slow_host_delays_no_other) {
  http_receiver silent{[](const auto&) { return std::nullopt; }};
  http_receiver quick;
  auto o = loopback_open();
  o.connections_max = 8;
  o.connections_per_host_max = 4;
  auto to = make(o);
  std::atomic<int> slow_ended{0}, quick_good{0};
  for (int i = 0; i < 50; ++i)
    to->send(post(silent.url()), [&](outbound_answer) { ++slow_ended; });
  for (int i = 0; i < 50; ++i)
    to->send(post(quick.url()),
             [&](outbound_answer a) { quick_good += a.status == 204; });
  CAF_CHECK(eventually([&] { return quick_good == 50; }, 10s));
  CAF_CHECK_EQUAL(slow_ended.load(), 0);
  to.reset();
  CAF_CHECK_EQUAL(slow_ended.load(), 50);
}

CAF_TEST(what_waits_longer_than_its_timeout_is_answered) {
  http_receiver silent{[](const auto&) { return std::nullopt; }};
  auto o = loopback_open();
  o.connections_per_host_max = 1;
  auto to = make(o);
  std::atomic<int> ended{0};
  auto blocking = post(silent.url());
  blocking.timeout = 30s;
  to->send(blocking, [&](outbound_answer) { ++ended; });
  CAF_CHECK(eventually([&] { return silent.requests().size() == 1; }));
  auto waiting = post(silent.url());
  waiting.timeout = 100ms;
  auto got = send(*to, waiting);
  CAF_CHECK_EQUAL(got.error, "waited too long for its turn with this host");
  CAF_CHECK_EQUAL(ended.load(), 0);
}

CAF_TEST(the_queue_is_bounded) {
  http_receiver silent{[](const auto&) { return std::nullopt; }};
  auto o = loopback_open();
  o.connections_per_host_max = 1;
  o.waiting_max = 5;
  auto to = make(o);
  std::atomic<int> refused{0}, ended{0};
  auto count = [&](outbound_answer a) {
    refused += a.error == "too many requests are waiting";
    ++ended;
  };
  to->send(post(silent.url()), count);
  CAF_CHECK(eventually([&] { return silent.requests().size() == 1; }));
  for (int i = 0; i < 5; ++i)
    to->send(post(silent.url()), count);
  CAF_CHECK_EQUAL(ended.load(), 0);
  to->send(post(silent.url()), count);
  to->send(post(silent.url()), count);
  CAF_CHECK(eventually([&] { return ended == 2; }));
  CAF_CHECK_EQUAL(refused.load(), 2);
  to.reset();
  CAF_CHECK_EQUAL(ended.load(), 8);
}

CAF_TEST(everything_outstanding_is_answered_when_the_sender_ends) {
  http_receiver silent{[](const auto&) { return std::nullopt; }};
  std::vector<int> answers(200, 0);
  std::mutex guard;
  auto to = make(loopback_open());
  for (size_t i = 0; i < answers.size(); ++i)
    to->send(post(silent.url()), [&, i](outbound_answer a) {
      std::lock_guard lock(guard);
      answers[i] += a.status == 0 && a.error == "shutting down" ? 1 : 100;
    });
  to.reset();
  CAF_CHECK_EQUAL(std::count(answers.begin(), answers.end(), 1), 200);
}

CAF_TEST(answers_are_read_up_to_their_cap_and_are_text_then) {
  std::string big(4 << 20, 'y');
  std::string bytes{"ok \xff\xfe\0 \xc3\xa9", 9};
  http_receiver there{[&](const auto& r) {
    return answer(200, r.head.starts_with("POST /big") ? big : bytes,
                  "Retry-After: 7\r\n");
  }};
  auto to = make(loopback_open());
  auto got = send(*to, post(there.url("/big")));
  CAF_CHECK_EQUAL(got.status, 200u);
  CAF_CHECK_EQUAL(got.error, "the answer was cut off at its cap");
  CAF_CHECK_EQUAL(got.body_excerpt.size(), limits::answer_excerpt_bytes_max);
  got = send(*to, post(there.url("/bytes")));
  CAF_CHECK_EQUAL(got.status, 200u);
  CAF_CHECK(is_utf8(got.body_excerpt));
  CAF_CHECK(got.body_excerpt.find('\0') == std::string::npos);
  CAF_CHECK(got.body_excerpt.ends_with("\xc3\xa9"));
  CAF_CHECK((got.headers.at(0) ==
             std::pair<std::string, std::string>{"Retry-After", "7"}));
}

CAF_TEST(an_endless_or_hostile_head_is_survived) {
  http_receiver endless{[](const auto&) {
    std::string out = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 20'000; ++i)
      out += "x-" + std::to_string(i) + ": " + std::string(100, 'v') + "\r\n";
    return out + "Content-Length: 0\r\n\r\n";
  }};
  http_receiver nonsense{[](const auto&) { return "SSH-2.0-x\r\n\r\n"; }};
  auto to = make(loopback_open());
  auto got = send(*to, post(endless.url()));
  size_t bytes = 0;
  for (const auto& [name, value] : got.headers)
    bytes += name.size() + value.size();
  CAF_CHECK_LESS_OR_EQUAL(bytes, 16'384u);
  auto refused = send(*to, post(nonsense.url()));
  CAF_CHECK_EQUAL(refused.status, 0u);
}

CAF_TEST(https_needs_a_certificate_that_is_trusted) {
  std::string pattern = "/tmp/ep-https-XXXXXX";
  CAF_REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  auto port = [] {
    http_receiver once;
    return once.port();
  }();
  auto make_certificate =
      "cd " + pattern +
      " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
      " -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
      " -keyout key -out crt >/dev/null 2>&1";
  CAF_REQUIRE_EQUAL(std::system(make_certificate.c_str()), 0);
  auto key = pattern + "/key", crt = pattern + "/crt";
  auto server = ::fork();
  CAF_REQUIRE(server >= 0);
  if (server == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execlp("openssl", "openssl", "s_server", "-quiet", "-www", "-accept",
             port.c_str(), "-key", key.c_str(), "-cert", crt.c_str(), nullptr);
    ::_exit(127);
  }
  outbound_request request;
  request.method = "GET";
  request.url = "https://localhost:" + port + "/";
  auto o = loopback_open();
  o.allow.push_back("::1");
  o.ca_file = crt;
  auto trusting = make(o);
  CAF_CHECK(eventually([&] { return send(*trusting, request).status == 200; }));
  o.ca_file.clear();
  auto got = send(*make(o), request);
  CAF_CHECK_EQUAL(got.status, 0u);
  CAF_CHECK(got.error.find("ertificate") != std::string::npos);
  auto other_name = request;
  other_name.url = "https://127.0.0.1:" + port + "/";
  CAF_CHECK_EQUAL(send(*trusting, other_name).status, 0u);
  ::kill(server, SIGKILL);
  ::waitpid(server, nullptr, 0);
  std::filesystem::remove_all(pattern);
}

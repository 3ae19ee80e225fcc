// Spans on their way to a collector that behaves well, badly, or not at all.

#define CAF_SUITE outbound_trace_exporter
#include <caf/test/unit_test.hpp>

#include "runtime/adapters/outbound/trace_exporter.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/http_receiver.hpp"

#include <boost/json.hpp>

#include <atomic>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

struct fixture {
  metrics m;
  std::shared_ptr<memory_sink> sink = std::make_shared<memory_sink>();
  std::shared_ptr<span_queue> queue =
      std::make_shared<span_queue>(1000, &m.traces().dropped);
  tracer traces{queue};
  std::unique_ptr<outbound::trace_exporter> exporter;

  outbound::trace_exporter_options options(const std::string& url) {
    outbound::trace_exporter_options o;
    o.url = url;
    o.headers = {"X-Key: secret"};
    o.resource = {{"service.name", "eventpulse"}};
    o.interval = 10ms;
    o.timeout = 500ms;
    o.last_timeout = 300ms;
    o.back_off_min = 10ms;
    return o;
  }

  void start(outbound::trace_exporter_options o) {
    exporter = outbound::make_trace_exporter(
        std::move(o), queue, m.traces(),
        logger{sink, log_level::debug, log_format::logfmt});
  }

  void record(int count) {
    for (int i = 0; i < count; ++i)
      traces.record({"work " + std::to_string(i),
                     span_kind::internal,
                     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                     "",
                     1,
                     2,
                     {},
                     ""});
  }

  bool counted(double exported, double rejected, double dropped) {
    return eventually(
        [&] {
          auto& t = m.traces();
          return t.exported.Value() == exported &&
                 t.rejected.Value() == rejected && t.dropped.Value() == dropped;
        },
        30s);
  }
};

size_t spans_in(const received_request& r) {
  auto said = json::parse(r.body);
  return said.at("resourceSpans")
      .at(0)
      .at("scopeSpans")
      .at(0)
      .at("spans")
      .as_array()
      .size();
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(trace_exporter_tests, fixture)

CAF_TEST(spans_come_in_batches_with_what_the_collector_wants) {
  http_receiver collector{[](const auto&) { return answer(200, "{}"); }};
  auto o = options(collector.url("/v1/traces"));
  o.batch_spans_max = 4;
  record(10);
  start(o);
  CAF_CHECK(counted(10, 0, 0));
  size_t spans = 0;
  for (const auto& r : collector.requests()) {
    CAF_CHECK(r.head.starts_with("POST /v1/traces HTTP/1.1"));
    CAF_CHECK(r.has_line("Content-Type: application/json"));
    CAF_CHECK(r.has_line("X-Key: secret"));
    CAF_CHECK(spans_in(r) <= 4);
    spans += spans_in(r);
  }
  CAF_CHECK_EQUAL(spans, 10u);
  CAF_CHECK_EQUAL(collector.connections(), 1u);
}

CAF_TEST(a_collector_that_is_busy_is_asked_again) {
  std::atomic<int> asked{0};
  http_receiver collector{[&](const auto&) {
    switch (++asked) {
    case 1:
      return answer(503);
    case 2:
      return answer(429, "", "Retry-After: 1\r\n");
    default:
      return answer(200);
    }
  }};
  start(options(collector.url()));
  record(1);
  const auto since = std::chrono::steady_clock::now();
  CAF_CHECK(counted(1, 0, 0));
  CAF_CHECK(std::chrono::steady_clock::now() - since >= 1s);
  CAF_CHECK_EQUAL(asked, 3);
}

CAF_TEST(what_the_collector_refuses_is_not_sent_again) {
  std::atomic<int> asked{0};
  http_receiver collector{[&](const auto&) {
    return ++asked == 1
               ? answer(400)
               : answer(200, R"({"partialSuccess":{"rejectedSpans":"1"}})");
  }};
  start(options(collector.url()));
  record(2);
  CAF_CHECK(counted(0, 2, 0));
  CAF_CHECK_EQUAL(asked, 1);
  record(3);
  CAF_CHECK(counted(2, 3, 0));
  CAF_CHECK_EQUAL(sink->lines().size(), 1u); // said once, not a time a batch
}

CAF_TEST(redirects_are_not_followed) {
  http_receiver elsewhere;
  http_receiver collector{[&](const auto&) {
    return answer(307, "", "Location: " + elsewhere.url() + "\r\n");
  }};
  start(options(collector.url()));
  record(1);
  CAF_CHECK(counted(0, 1, 0));
  CAF_CHECK(elsewhere.requests().empty());
}

CAF_TEST(a_dead_collector_costs_its_spans_and_nothing_else) {
  http_receiver silent{[](const auto&) { return std::nullopt; }};
  auto o = options(silent.url());
  o.tries_max = 2;
  o.timeout = 50ms;
  start(o);
  record(3);
  CAF_CHECK(counted(0, 0, 3));
  const auto since = std::chrono::steady_clock::now();
  record(3000); // more than the queue holds
  CAF_CHECK(std::chrono::steady_clock::now() - since < 1s);
  exporter.reset();
  CAF_CHECK(std::chrono::steady_clock::now() - since < 10s);
  CAF_CHECK(counted(0, 0, 3003));
}

CAF_TEST(what_is_left_at_the_end_is_sent) {
  http_receiver collector{[](const auto&) { return answer(200); }};
  auto o = options(collector.url());
  o.interval = 1h;
  start(o);
  record(3);
  exporter.reset();
  CAF_CHECK(counted(3, 0, 0));
}

CAF_TEST_FIXTURE_SCOPE_END()

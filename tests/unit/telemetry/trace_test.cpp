#define CAF_SUITE telemetry_trace
#include <caf/test/unit_test.hpp>

#include "runtime/telemetry/metrics.hpp"
#include "runtime/telemetry/otlp.hpp"
#include "runtime/telemetry/trace.hpp"

#include <boost/json.hpp>

#include <thread>

using namespace eventpulse;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

const std::string sampled =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const std::string unsampled =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

span some_span(const std::string& context = sampled) {
  return {"work", span_kind::server, context, "", 5, 9, {}, ""};
}

} // namespace

CAF_TEST(a_tracer_of_nothing_is_off) {
  tracer off;
  CAF_CHECK(!off.is_on());
  CAF_CHECK(!off.wants(sampled));
  CAF_CHECK_EQUAL(off.now_ns(), 0);
  off.record(some_span());
}

CAF_TEST(only_sampled_traces_are_recorded) {
  auto queue = std::make_shared<span_queue>(10, nullptr);
  tracer t{queue, [] { return int64_t{42}; }};
  CAF_CHECK(t.wants(sampled));
  CAF_CHECK(!t.wants(unsampled));
  CAF_CHECK_EQUAL(t.now_ns(), 42);
  t.record(some_span());
  t.record(some_span(unsampled));
  t.record(some_span("nonsense"));
  CAF_CHECK_EQUAL(queue->take(10, 0ms).size(), 1u);
}

CAF_TEST(what_does_not_fit_is_dropped_and_counted) {
  metrics m;
  auto queue = std::make_shared<span_queue>(2, &m.traces().dropped);
  tracer t{queue};
  for (int i = 0; i < 5; ++i)
    t.record(some_span());
  CAF_CHECK_EQUAL(m.traces().dropped.Value(), 3.0);
  CAF_CHECK_EQUAL(queue->take(10, 0ms).size(), 2u);
  t.record(some_span());
  CAF_CHECK_EQUAL(m.traces().dropped.Value(), 3.0);
  queue->close();
  t.record(some_span());
  CAF_CHECK_EQUAL(m.traces().dropped.Value(), 4.0);
  CAF_CHECK_EQUAL(queue->take(10, 0ms).size(), 1u);
}

CAF_TEST(taking_waits_for_enough_or_for_the_end) {
  auto queue = std::make_shared<span_queue>(8, nullptr);
  std::thread other{[&] {
    for (int i = 0; i < 4; ++i)
      queue->push(some_span());
  }};
  CAF_CHECK_EQUAL(queue->take(4, 20s).size(), 4u);
  other.join();
  std::thread closer{[&] { queue->close(); }};
  CAF_CHECK(queue->take(4, 20s).empty());
  closer.join();
  CAF_CHECK(queue->is_closed());
  CAF_CHECK(queue->wait_closed(0ms));
}

CAF_TEST(spans_are_said_in_the_words_of_otlp) {
  auto s = some_span();
  s.parent = trace_stage::child(sampled, "parent");
  s.start_ns = 1'767'312'000'000'000'001;
  s.end_ns = 1'767'312'000'000'000'002;
  s.attributes = {{"text", std::string("é\"")},
                  {"number", int64_t{9'007'199'254'740'993}},
                  {"flag", true}};
  s.error = "went wrong";
  auto said = json::parse(otlp::request_json(
      {{"service.name", "eventpulse"}, {"service.version", "1.2"}}, {s}));
  auto& from = said.at("resourceSpans").at(0);
  CAF_CHECK_EQUAL(
      json::serialize(from.at("resource").at("attributes").at(0)),
      R"({"key":"service.name","value":{"stringValue":"eventpulse"}})");
  auto& scope = from.at("scopeSpans").at(0);
  CAF_CHECK_EQUAL(json::serialize(scope.at("scope")),
                  R"({"name":"eventpulse","version":"1.2"})");
  const std::string parent{trace_stage::span_id(s.parent)};
  CAF_CHECK_EQUAL(
      json::serialize(scope.at("spans").at(0)),
      R"({"traceId":"0af7651916cd43dd8448eb211c80319c",)"
      R"("spanId":"b7ad6b7169203331","parentSpanId":")" +
          parent +
          R"(","name":"work","kind":2,)"
          R"("startTimeUnixNano":"1767312000000000001",)"
          R"("endTimeUnixNano":"1767312000000000002","attributes":[)"
          R"({"key":"text","value":{"stringValue":"é\""}},)"
          R"({"key":"number","value":{"intValue":"9007199254740993"}},)"
          R"({"key":"flag","value":{"boolValue":true}}],)"
          R"("status":{"code":2,"message":"went wrong"}})");
}

CAF_TEST(a_first_span_has_no_parent_and_success_no_status) {
  auto said = json::parse(otlp::request_json({}, {some_span()}));
  auto& s = said.at("resourceSpans")
                .at(0)
                .at("scopeSpans")
                .at(0)
                .at("spans")
                .at(0)
                .as_object();
  CAF_CHECK(!s.contains("parentSpanId"));
  CAF_CHECK(!s.contains("status"));
}

CAF_TEST(a_collector_may_take_a_part) {
  CAF_CHECK_EQUAL(otlp::read_answer("{}").rejected, 0u);
  CAF_CHECK_EQUAL(otlp::read_answer("").rejected, 0u);
  CAF_CHECK_EQUAL(otlp::read_answer("[1]").rejected, 0u);
  CAF_CHECK_EQUAL(otlp::read_answer(R"({"partialSuccess":{}})").rejected, 0u);
  auto part = otlp::read_answer(
      R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})");
  CAF_CHECK_EQUAL(part.rejected, 3u);
  CAF_CHECK_EQUAL(part.message, "no");
  CAF_CHECK_EQUAL(
      otlp::read_answer(R"({"partialSuccess":{"rejectedSpans":2}})").rejected,
      2u);
}

// One trace from the request to the attempt, as a collector gets it, and the
// logs of both processes, in both of their forms.

#define CAF_SUITE e2e_traces
#include <caf/test/unit_test.hpp>

#include "runtime/telemetry/trace.hpp"
#include "tests/support/observed.hpp"
#include "tests/support/scraped.hpp"

#include <cmath>
#include <regex>
#include <set>
#include <sstream>

using namespace eventpulse;
using namespace eventpulse::test;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

struct kept_span {
  std::string name, trace, id, parent, role;
  int kind = 0;
  int64_t start = 0, end = 0;
  std::map<std::string, std::string> attributes;
};

/// Of OTLP's JSON, whatever its type.
std::string text_of(const json::value& any) {
  const auto& o = any.as_object();
  const auto* text = o.if_contains("stringValue");
  const auto& v = text ? *text : o.begin()->value();
  return v.is_string() ? std::string(v.as_string()) : json::serialize(v);
}

/// By name, of one trace.
std::map<std::string, kept_span> spans_of(const http_receiver& collector,
                                          const std::string& trace) {
  std::map<std::string, kept_span> out;
  for (const auto& r : collector.requests()) {
    const auto said = json::parse(r.body);
    for (const auto& from : said.at("resourceSpans").as_array()) {
      std::string role;
      for (const auto& a : from.at("resource").at("attributes").as_array())
        if (a.at("key").as_string() == "eventpulse.role")
          role = std::string(a.at("value").at("stringValue").as_string());
      for (const auto& scope : from.at("scopeSpans").as_array())
        for (const auto& s : scope.at("spans").as_array()) {
          const auto& o = s.as_object();
          kept_span k;
          k.name = std::string(o.at("name").as_string());
          k.trace = std::string(o.at("traceId").as_string());
          k.id = std::string(o.at("spanId").as_string());
          if (const auto* parent = o.if_contains("parentSpanId"))
            k.parent = std::string(parent->as_string());
          k.start =
              std::stoll(std::string(o.at("startTimeUnixNano").as_string()));
          k.end = std::stoll(std::string(o.at("endTimeUnixNano").as_string()));
          k.role = role;
          k.kind = o.at("kind").to_number<int>();
          for (const auto& a : o.at("attributes").as_array())
            k.attributes[std::string(a.at("key").as_string())] =
                text_of(a.at("value"));
          if (k.trace == trace)
            out[k.name] = k;
        }
    }
  }
  return out;
}

/// Of one line, by name; empty where it is not written in that form.
using fields = std::map<std::string, std::string>;

fields json_fields(const std::string& line) {
  boost::system::error_code failed;
  const auto parsed = json::parse(line, failed);
  fields out;
  if (!failed && parsed.is_object())
    for (const auto& [key, value] : parsed.as_object())
      out[std::string(key)] = value.is_string() ? std::string(value.as_string())
                                                : json::serialize(value);
  return out;
}

/// key=value or key="value", apart by one space; keys are plain words.
fields logfmt_fields(const std::string& line) {
  static const std::regex whole(
      R"re(([a-zA-Z0-9_.-]+=("([^"\\]|\\.)*"|[^ "=]*))( [a-zA-Z0-9_.-]+=("([^"\\]|\\.)*"|[^ "=]*))*)re");
  static const std::regex one(
      R"re(([a-zA-Z0-9_.-]+)=("([^"\\]|\\.)*"|[^ "=]*))re");
  fields out;
  if (std::regex_match(line, whole))
    for (std::sregex_iterator i{line.begin(), line.end(), one}, end; i != end;
         ++i)
      out[(*i)[1]] = (*i)[2];
  return out;
}

void check_logs(const observed& o, fields (*read)(const std::string&)) {
  http::client link;
  for (int n = 0; n < 3; ++n)
    CAF_CHECK_EQUAL(o.post(link, o.event_text(std::to_string(n), true)).status,
                    202u);
  o.post(link, R"({"type":"bad","data":")" + o.marker); // quarantined
  auto wrong = o.p.request("GET", "/v1/rules?access_token=" + o.p.key());
  wrong.headers = {{"Authorization", "Bearer " + o.p.key() + "x"}};
  call(link, wrong);
  CAF_CHECK(o.holds([&] { return o.desk.requests().size() == 3; }));
  const auto text_of = [&](const std::string& who) {
    return file_text(o.p.data() / "logs" / (who + ".log"));
  };
  // The attempts are told of when they are recorded.
  const auto traced = [&] {
    size_t out = 0;
    std::istringstream in{text_of("worker")};
    for (std::string line; std::getline(in, line);)
      out += read(line).contains("trace_id");
    return out;
  };
  CAF_CHECK(o.holds([&] { return traced() >= 3; }));
  for (const std::string who : {"intake", "worker"}) {
    const auto text = text_of(who);
    for (const auto& hidden :
         {o.p.key(), o.secret, o.secret.substr(6), o.marker})
      CAF_CHECK_EQUAL(text.find(hidden), std::string::npos);
    size_t lines = 0;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line); ++lines) {
      auto said = read(line);
      CAF_MESSAGE(line);
      for (const auto* key : {"ts", "level", "event"})
        CAF_CHECK(!said[key].empty());
      CAF_CHECK_EQUAL(said["role"], who);
    }
    CAF_CHECK(lines > 3);
  }
}

struct with_logfmt : observed {
  with_logfmt() : observed("logfmt") {}
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(e2e_traces_tests, observed)

CAF_TEST(one trace goes from the request to the attempt) {
  http::client link;
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  const std::string caller = "b7ad6b7169203331";
  const std::string unsampled = "1af7651916cd43dd8448eb211c80319c";
  CAF_CHECK_EQUAL(post(link, event_text("quiet", true),
                       "00-" + unsampled + '-' + caller + "-00")
                      .status,
                  202u);
  CAF_CHECK_EQUAL(
      post(link, event_text("loud", true), "00-" + trace + '-' + caller + "-01")
          .status,
      202u);
  CAF_CHECK(holds(
      [&] { return spans_of(collector, trace).contains("deliver desk"); }));
  CAF_CHECK(holds([&] { return desk.requests().size() == 2; }));
  // The intake has an exporter of its own.
  CAF_CHECK(holds(
      [&] { return spans_of(collector, trace).contains("POST /v1/events"); }));
  auto spans = spans_of(collector, trace);
  struct link_of_chain {
    std::string name, role;
    span_kind kind;
    std::map<std::string, std::string> attributes; // among others
  };
  using enum span_kind;
  const std::vector<link_of_chain> chain{
      {"POST /v1/events",
       "intake",
       server,
       {{"http.request.method", "POST"},
        {"http.route", "/v1/events"},
        {"http.response.status_code", "202"},
        {"eventpulse.events", "1"}}},
      {"stream",
       "intake",
       producer,
       {{"messaging.system", "redis"},
        {"cloudevents.event_id", "loud"},
        {"cloudevents.event_source", "urn:load"},
        {"cloudevents.event_type", "odd"}}},
      {"persist", "worker", consumer, {}},
      {"evaluate odd", "worker", internal, {{"eventpulse.rule", "odd"}}},
      {"alert odd", "worker", internal, {{"eventpulse.rule", "odd"}}},
      {"deliver desk",
       "worker",
       client,
       {{"http.response.status_code", "204"},
        {"eventpulse.channel", "desk"},
        {"eventpulse.attempt", "1"}}}};
  CAF_CHECK_EQUAL(spans.size(), chain.size());
  std::string parent = caller;
  int64_t before = 0;
  std::set<std::string> ids;
  for (const auto& want : chain) {
    CAF_MESSAGE(want.name);
    CAF_REQUIRE(spans.contains(want.name));
    const auto& s = spans[want.name];
    CAF_CHECK_EQUAL(s.parent, parent);
    CAF_CHECK_EQUAL(s.role, want.role);
    CAF_CHECK_EQUAL(s.kind, static_cast<int>(want.kind));
    for (const auto& [key, value] : want.attributes)
      CAF_CHECK_EQUAL(
          key + '=' +
              (s.attributes.contains(key) ? s.attributes.at(key) : "absent"),
          key + '=' + value);
    CAF_CHECK(s.start >= before);
    CAF_CHECK(s.end >= s.start);
    CAF_CHECK(ids.insert(s.id).second);
    parent = s.id;
    before = s.start;
  }
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  CAF_CHECK(std::abs(now - before) < 120'000'000'000);
  // The receiver goes on under the attempt.
  bool is_told = false;
  for (const auto& r : desk.requests())
    is_told |= header_of(r, "traceparent") ==
               "00-" + trace + '-' + spans["deliver desk"].id + "-01";
  CAF_CHECK(is_told);
  CAF_CHECK(spans_of(collector, unsampled).empty());
  const auto exported =
      scrape(worker_address())
          .at("eventpulse_trace_spans_total{outcome=\"exported\"}");
  CAF_CHECK(exported >= 4);
  for (const auto& r : collector.requests())
    for (const auto& hidden : {marker, p.key(), secret})
      CAF_CHECK_EQUAL(r.body.find(hidden), std::string::npos);
}

CAF_TEST(logs in JSON have trace ids and never hold a secret or a payload) {
  check_logs(*this, json_fields);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(e2e_traces_logfmt_tests, with_logfmt)

CAF_TEST(logs in logfmt are as good) {
  check_logs(*this, logfmt_fields);
}

CAF_TEST_FIXTURE_SCOPE_END()

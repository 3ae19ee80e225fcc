#define CAF_SUITE intake_hostile
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/ndjson.hpp"
#include "runtime/core/intake/render.hpp"
#include "runtime/core/intake/stream_entry.hpp"
#include "tests/unit/intake/corpus.hpp"

#include <random>

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

constexpr uint64_t seed = 20260102;

const std::vector<std::string> bodies = {
    R"({"specversion":"1.0","id":"1","source":"/s","type":"t","data":[1,"ä"]})",
    R"([{"type":"t","x":true,"time":"2026-01-02T03:04:05Z"},{"type":"u"}])",
    R"({"type":"t","data_base64":"AAEC","datacontenttype":"text/plain"})",
    "{\"type\":\"t\",\"data\":\"\\ud83d\\ude00 "
    "\\u0000\"}\r\n{\"type\":\"u\"}\n",
};

const std::vector<std::string> types = {
    "application/json", "application/cloudevents+json",
    "application/cloudevents-batch+json", "application/x-ndjson"};

// A few bytes of `text` changed, doubled, moved or lost.
std::string mutated(std::string text, std::mt19937_64& random) {
  auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  constexpr std::string_view spice = "{}[]\",:\\\0\xff\x80u09eE.-+ \n\rtfn%";
  for (auto rounds = 1 + below(4); rounds > 0 && !text.empty(); --rounds) {
    auto at = below(text.size());
    switch (below(5)) {
    case 0:
      text[at] = spice[below(spice.size())];
      break;
    case 1:
      text[at] = static_cast<char>(random());
      break;
    case 2:
      text.insert(at, 1 + below(3), spice[below(spice.size())]);
      break;
    case 3:
      text.erase(at, 1 + below(8));
      break;
    default:
      text.insert(at, text.substr(below(text.size()), below(20)));
    }
  }
  return text;
}

// What is accepted must survive the stream and be shown as JSON.
void check_accepted(const event_document& document) {
  accepted_event sent{document, "key", 1};
  auto back = decode(encode(sent));
  CAF_REQUIRE(back.ok());
  CAF_REQUIRE(std::get<accepted_event>(*back) == sent);
  json_value value;
  json_error error;
  CAF_REQUIRE(scan_json(to_cloudevents_json(document), 66, value, error));
}

void check_request(const http_headers& headers, const std::string& body) {
  intake_options options;
  options.max_event_bytes = 200;
  auto request = parse_request(headers, body, test::known_defaults(), options);
  if (request.refusal)
    CAF_REQUIRE(request.items.empty());
  for (const auto& item : request.items)
    if (auto* document = std::get_if<event_document>(&item.outcome))
      check_accepted(*document);
}

} // namespace

CAF_TEST(mutated_bodies_are_refused_or_make_events_that_hold) {
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 5'000; ++i)
    check_request({{"Content-Type", types[random() % types.size()]}},
                  mutated(bodies[random() % bodies.size()], random));
  CAF_CHECK(true);
}

CAF_TEST(mutated_headers_are_refused_or_make_events_that_hold) {
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  for (int i = 0; i < 5'000; ++i) {
    http_headers headers{
        {"ce-specversion", "1.0"},
        {"ce-id", mutated("a%20\"b\\\"c\"", random)},
        {"ce-source", mutated("http://u@[::1]:80/p?q#f", random)},
        {"ce-type", "t"},
        {"ce-time", mutated("2026-01-02T03:04:05.678+01:00", random)},
        {"ce-traceparent",
         mutated("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                 random)},
        {"ce-tracestate", mutated("a=1, b@c=2", random)},
        {"Content-Type",
         mutated("application/json; charset=\"utf-8\"", random)}};
    check_request(headers, mutated("{\"a\":[1.5e3,null]}", random));
  }
  CAF_CHECK(true);
}

CAF_TEST(whole_and_piecewise_reading_of_garbage_agree) {
  CAF_MESSAGE("seed " << seed);
  std::mt19937_64 random{seed};
  auto defaults = test::known_defaults();
  for (int i = 0; i < 2'000; ++i) {
    auto body = mutated(bodies[3] + bodies[0] + '\n' + bodies[1], random);
    intake_options options;
    options.max_event_bytes = 60;
    std::vector<intake_item> whole;
    std::vector<intake_item> pieces;
    ndjson_parser one{options};
    one.feed(body, defaults, whole);
    one.finish(defaults, whole);
    ndjson_parser other{options};
    for (size_t at = 0; at < body.size();) {
      size_t size = 1 + random() % 30;
      other.feed(std::string_view{body}.substr(at, size), defaults, pieces);
      at += size;
    }
    other.finish(defaults, pieces);
    CAF_REQUIRE_EQUAL(whole.size(), pieces.size());
    for (size_t k = 0; k < whole.size(); ++k) {
      CAF_REQUIRE_EQUAL(whole[k].index, pieces[k].index);
      CAF_REQUIRE(whole[k].outcome == pieces[k].outcome);
    }
  }
  CAF_CHECK(true);
}

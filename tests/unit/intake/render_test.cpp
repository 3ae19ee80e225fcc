#define CAF_SUITE intake_render
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/render.hpp"
#include "runtime/core/intake/request_parser.hpp"
#include "tests/unit/intake/corpus.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

event_document small() {
  event_document d;
  d.id = "1\"";
  d.source = "/s";
  d.type = "t";
  return d;
}

} // namespace

CAF_TEST(an_event_is_shown_as_cloudevents_json) {
  CAF_CHECK_EQUAL(
      to_cloudevents_json(small()),
      R"({"specversion":"1.0","id":"1\"","source":"/s","type":"t"})");
}

CAF_TEST(a_json_payload_is_shown_to_the_byte) {
  auto d = small();
  d.kind = payload_kind::json;
  d.payload = "{ \"a\":1.50,\"a\":1e5}";
  CAF_CHECK(
      to_cloudevents_json(d).ends_with(",\"data\":{ \"a\":1.50,\"a\":1e5}}"));
}

CAF_TEST(other_payloads_are_shown_as_base64_even_when_empty) {
  auto d = small();
  d.kind = payload_kind::binary;
  CAF_CHECK(to_cloudevents_json(d).ends_with(",\"data_base64\":\"\"}"));
  d.payload = std::string("\0\xff", 2);
  CAF_CHECK(to_cloudevents_json(d).ends_with(",\"data_base64\":\"AP8=\"}"));
}

CAF_TEST(a_persisted_event_tells_its_place_and_times) {
  event e{small(), {3, 1767323045678, 9}, 1767323045000, "key"};
  CAF_CHECK_EQUAL(to_cloudevents_json(e, 1767323046000),
                  R"({"specversion":"1.0","id":"1\"","source":"/s","type":"t",)"
                  R"("position":"3-1767323045678-9",)"
                  R"("received_at":"2026-01-02T03:04:05.000Z",)"
                  R"("persisted_at":"2026-01-02T03:04:06.000Z"})");
}

CAF_TEST(what_is_shown_is_taken_back_as_the_same_event) {
  auto d = small();
  d.subject = "\xf0\x9f\x98\x80 \\";
  d.time = "2026-01-02T03:04:05Z";
  d.dataschema = "a:b";
  d.extensions = {{"a", true}, {"b", -5}, {"c", std::string{"x"}}};
  d.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  d.tracestate = "a=1,b=2";
  http_headers headers{{"Content-Type", "application/cloudevents+json"}};
  auto check = [&] {
    auto request = parse_request(headers, to_cloudevents_json(d),
                                 test::known_defaults(), {});
    CAF_REQUIRE(!request.refusal);
    CAF_CHECK(test::document_of(request.items.at(0).outcome) == d);
  };
  check();
  d.kind = payload_kind::json;
  d.payload = "[1]";
  check();
  d.kind = payload_kind::binary;
  d.payload = std::string("\0\x01", 2);
  check();
}

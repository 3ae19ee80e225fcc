#define CAF_SUITE intake_events_corpus
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"
#include "runtime/core/intake/render.hpp"
#include "runtime/core/intake/request_parser.hpp"
#include "runtime/core/intake/stream_entry.hpp"
#include "tests/unit/intake/corpus.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

const std::string attributes =
    R"("specversion":"1.0","id":"1","source":"/s","type":"t")";

// The member `payload` of a line, by its bytes.
std::string payload_of(const std::string& line) {
  json_value value;
  json_error error;
  CAF_REQUIRE(scan_json(line, 64, value, error));
  for (const auto& member : value.members)
    if (member.name == "payload")
      return std::string{member.value.text};
  CAF_FAIL("a line without payload");
  return {};
}

// One item through parsing, the stream and rendering.
void check(const http_headers& headers, const std::string& body,
           const std::string& payload, payload_kind kind) {
  auto request = parse_request(headers, body, test::known_defaults(), {});
  if (request.refusal)
    CAF_MESSAGE(request.refusal->detail);
  CAF_REQUIRE(!request.refusal);
  CAF_REQUIRE_EQUAL(request.items.size(), 1u);
  accepted_event sent{test::document_of(request.items[0].outcome), "key", 1};
  CAF_REQUIRE(sent.document.kind == kind);
  CAF_REQUIRE(sent.document.payload == payload);
  auto back = decode(encode(sent));
  CAF_REQUIRE(back.ok());
  CAF_REQUIRE(std::get<accepted_event>(*back) == sent);
  auto shown = to_cloudevents_json(sent.document);
  json_value value;
  json_error error;
  CAF_REQUIRE(scan_json(shown, 65, value, error));
  if (kind == payload_kind::json)
    CAF_REQUIRE(value.members.back().value.text == payload);
}

http_headers type(const std::string& text) {
  return {{"Content-Type", text}};
}

http_headers binary(const std::string& text) {
  return {{"ce-specversion", "1.0"},
          {"ce-id", "1"},
          {"ce-source", "/s"},
          {"ce-type", "t"},
          {"Content-Type", text}};
}

void check_all_modes(const std::string& payload) {
  auto event = '{' + attributes + ",\"data\":" + payload + '}';
  auto json = payload_kind::json;
  check(type("application/json"), event, payload, json);
  check(type("application/json"), '[' + event + ']', payload, json);
  check(type("application/cloudevents+json"), event, payload, json);
  check(type("application/cloudevents-batch+json"), '[' + event + ']', payload,
        json);
  check(type("application/x-ndjson"), event + '\n', payload, json);
  check(binary("application/json"), payload, payload, json);
  check(binary("application/octet-stream"), payload, payload,
        payload_kind::binary);
  check(type("application/cloudevents+json"),
        '{' + attributes + ",\"data_base64\":\"" + base64_encode(payload) +
            "\"}",
        payload, payload_kind::binary);
  std::string quoted;
  append_json_string(quoted, payload);
  check(type("application/cloudevents+json"),
        '{' + attributes +
            ",\"datacontenttype\":\"text/plain\",\"data\":" + quoted + '}',
        payload, payload_kind::binary);
}

} // namespace

CAF_TEST(real_documents_pass_every_mode_and_the_stream_to_the_byte) {
  for (auto [file, count] : {std::pair{"events/github.jsonl", size_t{251}},
                             {"events/aws-events.jsonl", size_t{124}},
                             {"events/zeek.jsonl", size_t{3700}},
                             {"events/stripe.jsonl", size_t{106}},
                             {"events/google.jsonl", size_t{8}}})
    for (const auto& line : test::corpus_lines(file, count))
      check_all_modes(payload_of(line));
  CAF_CHECK(true);
}

#define CAF_SUITE intake_cloud_event_corpus
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/intake/render.hpp"
#include "runtime/core/intake/request_parser.hpp"
#include "tests/unit/intake/corpus.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;
namespace json = boost::json;

namespace {

std::string text(const json::value& value) {
  return std::string{value.as_string()};
}

http_headers headers_of(const json::object& test) {
  http_headers out;
  for (const auto& pair : test.at("headers").as_array())
    out.emplace_back(text(pair.as_array()[0]), text(pair.as_array()[1]));
  return out;
}

std::string body_of(const json::object& test) {
  std::string out;
  if (auto* body = test.if_contains("body"); body && body->is_string())
    out = text(*body);
  else if (auto* base64 = test.if_contains("body_base64");
           base64 && base64->is_string())
    CAF_REQUIRE(base64_decode(text(*base64), out));
  return out;
}

void check_data(const event_document& document, const json::value* data) {
  if (data == nullptr || data->is_null()) {
    CAF_CHECK(document.kind == payload_kind::none);
    return;
  }
  const auto& expected = data->as_object();
  if (auto* value = expected.if_contains("json")) {
    CAF_CHECK(document.kind == payload_kind::json);
    CAF_CHECK(json::parse(document.payload) == *value);
    return;
  }
  CAF_CHECK(document.kind == payload_kind::binary);
  if (auto* plain = expected.if_contains("text")) {
    CAF_CHECK_EQUAL(document.payload, text(*plain));
  } else {
    std::string bytes;
    CAF_REQUIRE(base64_decode(text(expected.at("base64")), bytes));
    CAF_CHECK(document.payload == bytes);
  }
}

void check_event(const event_document& document, const json::object& expected) {
  auto shown = json::parse(to_cloudevents_json(document)).as_object();
  shown.erase("data");
  shown.erase("data_base64");
  const auto& attributes = expected.at("attributes").as_object();
  CAF_CHECK_EQUAL(shown.size(), attributes.size());
  for (const auto& [name, value] : attributes) {
    auto* found = shown.if_contains(name);
    CAF_REQUIRE(found != nullptr);
    if (name == "time")
      CAF_CHECK(parse_rfc3339_ms(text(*found)) ==
                parse_rfc3339_ms(text(value)));
    else
      CAF_CHECK_EQUAL(json::serialize(*found), json::serialize(value));
  }
  check_data(document, expected.if_contains("data"));
}

} // namespace

CAF_TEST(every_message_of_the_corpus_gets_the_verdict_of_its_source) {
  size_t wrong = 0;
  for (const auto& line : test::corpus_lines("cloudevents/http.jsonl", 177)) {
    auto parsed = test::parse_line(line);
    const auto& test = parsed.as_object();
    auto request = parse_request(headers_of(test), body_of(test),
                                 test::known_defaults(), {});
    bool is_taken = !request.refusal;
    for (const auto& item : request.items)
      is_taken = is_taken && item.outcome.index() == 0;
    if (is_taken != test.at("valid").as_bool()) {
      ++wrong;
      CAF_MESSAGE("wrong verdict: " << text(test.at("name")) << ": "
                                    << (request.refusal
                                            ? request.refusal->detail
                                            : std::string{"accepted"}));
      continue;
    }
    if (!is_taken)
      continue;
    CAF_MESSAGE(text(test.at("name")));
    const auto& expected = test.at("expected").as_object();
    if (auto* batch = expected.if_contains("batch")) {
      CAF_REQUIRE_EQUAL(request.items.size(), batch->as_array().size());
      for (size_t i = 0; i < request.items.size(); ++i)
        check_event(test::document_of(request.items[i].outcome),
                    batch->as_array()[i].as_object());
    } else {
      CAF_REQUIRE_EQUAL(request.items.size(), 1u);
      check_event(test::document_of(request.items[0].outcome), expected);
    }
  }
  CAF_CHECK_EQUAL(wrong, 0u);
}

CAF_TEST(disputed_messages_get_some_answer) {
  for (const auto& line :
       test::corpus_lines("cloudevents/disputed.jsonl", 10)) {
    auto parsed = test::parse_line(line);
    const auto& test = parsed.as_object();
    auto request = parse_request(headers_of(test), body_of(test),
                                 test::known_defaults(), {});
    CAF_CHECK(request.refusal || !request.items.empty());
  }
}

#define CAF_SUITE intake_json_corpus
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/hash.hpp"
#include "runtime/core/intake/request_parser.hpp"
#include "tests/unit/intake/corpus.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

const http_headers plain{{"Content-Type", "application/json"}};

std::string trimmed(const std::string& text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  auto end = text.find_last_not_of(" \t\r\n");
  return begin == std::string::npos ? "" : text.substr(begin, end + 1 - begin);
}

} // namespace

CAF_TEST(data_is_accepted_byte_true_or_refused_as_the_corpus_says) {
  // Two cases are larger than a setting's default, on purpose.
  intake_options options;
  options.max_event_bytes = 1 << 20;
  for (const auto& line : test::corpus_lines("json/parsing.jsonl", 204)) {
    auto parsed = test::parse_line(line);
    auto name = std::string{parsed.at("name").as_string()};
    auto expect = std::string{parsed.at("expect").as_string()};
    std::string text;
    CAF_REQUIRE(
        base64_decode(std::string{parsed.at("raw_base64").as_string()}, text));
    auto request = parse_request(plain, R"({"type":"t","data":)" + text + '}',
                                 test::known_defaults(), options);
    CAF_MESSAGE(name << ' ' << expect);
    if (expect == "accept") {
      CAF_REQUIRE(!request.refusal);
      auto document = test::document_of(request.items.at(0).outcome);
      CAF_CHECK(document.kind == payload_kind::json);
      CAF_CHECK(document.payload == trimmed(text));
    } else if (expect == "reject") {
      CAF_REQUIRE(request.refusal.has_value());
      CAF_CHECK(request.refusal->code == errc::malformed ||
                request.refusal->code == errc::invalid);
    } else if (!request.refusal) {
      auto document = test::document_of(request.items.at(0).outcome);
      CAF_CHECK(document.payload == trimmed(text));
    }
  }
}

CAF_TEST(the_scanner_alone_gives_the_same_verdicts) {
  for (const auto& line : test::corpus_lines("json/parsing.jsonl", 204)) {
    auto parsed = test::parse_line(line);
    auto expect = std::string{parsed.at("expect").as_string()};
    std::string text;
    CAF_REQUIRE(
        base64_decode(std::string{parsed.at("raw_base64").as_string()}, text));
    json_value value;
    json_error error;
    bool is_json = scan_json(text, 64, value, error);
    CAF_MESSAGE(std::string{parsed.at("name").as_string()} << ' ' << expect);
    if (expect != "either")
      CAF_CHECK_EQUAL(is_json, expect == "accept");
    if (!is_json)
      CAF_CHECK(error.offset <= text.size());
  }
}

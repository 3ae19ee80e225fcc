#define CAF_SUITE intake_request_parser
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/limits.hpp"
#include "runtime/core/intake/request_parser.hpp"
#include "tests/unit/intake/corpus.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

const http_headers plain{{"Content-Type", "application/json"}};
const http_headers batch{
    {"Content-Type", "application/cloudevents-batch+json"}};
const http_headers lines{{"Content-Type", "application/x-ndjson"}};

const std::string good =
    R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})";

parsed_request parse(const http_headers& headers, std::string_view body,
                     const intake_options& options = {}) {
  return parse_request(headers, body, test::known_defaults(), options);
}

std::string refusal(const parsed_request& request) {
  return request.refusal ? std::string{reason(request.refusal->code)} : "";
}

// "+-L": taken, refused, too large, for each item.
std::string shape(const parsed_request& request) {
  std::string out;
  for (const auto& item : request.items) {
    auto* why = std::get_if<problem>(&item.outcome);
    out += why == nullptr ? '+' : why->code == errc::too_large ? 'L' : '-';
  }
  return out;
}

// An event of exactly `size` bytes.
std::string event_of(size_t size) {
  std::string text = R"({"type":"t","data":""})";
  return text.insert(text.size() - 2, size - text.size(), 'x');
}

} // namespace

CAF_TEST(one_event_is_one_item) {
  auto request = parse(plain, " \n" + good + "\n ");
  CAF_CHECK(!request.refusal);
  CAF_CHECK(!request.is_many);
  CAF_CHECK_EQUAL(shape(request), "+");
}

CAF_TEST(one_bad_event_refuses_the_request_and_is_kept_for_quarantine) {
  auto invalid = parse(plain, R"({"id":"1"})");
  CAF_CHECK_EQUAL(refusal(invalid), "invalid");
  CAF_CHECK_EQUAL(invalid.raw, R"({"id":"1"})");
  CAF_CHECK(invalid.items.empty());
  auto malformed = parse(plain, "{");
  CAF_CHECK_EQUAL(refusal(malformed), "malformed");
  CAF_CHECK_EQUAL(malformed.raw, "{");
  CAF_CHECK_EQUAL(refusal(parse(plain, "")), "malformed");
  CAF_CHECK_EQUAL(refusal(parse(plain, "5")), "invalid");
}

CAF_TEST(an_array_takes_the_good_and_tells_the_bad) {
  auto request = parse(plain, "[" + good + R"(,5,{"id":1,"type":"t"}, )" +
                                  good + R"(,{"type":"t","data":1e999}])");
  CAF_CHECK(!request.refusal);
  CAF_CHECK(request.is_many);
  CAF_CHECK_EQUAL(shape(request), "+--+-");
  CAF_CHECK_EQUAL(request.items[1].raw, "5");
  CAF_CHECK_EQUAL(request.items[0].raw, "");
  CAF_CHECK_EQUAL(std::get<problem>(request.items[2].outcome).errors[0].pointer,
                  "#/2/id");
  CAF_CHECK_EQUAL(std::get<problem>(request.items[4].outcome).errors[0].pointer,
                  "#/4/data");
  CAF_CHECK_EQUAL(request.items[4].index, 4u);
}

CAF_TEST(a_broken_array_is_refused_as_a_whole) {
  auto request = parse(plain, "[" + good + ",{]");
  CAF_CHECK_EQUAL(refusal(request), "malformed");
  CAF_CHECK(request.items.empty());
  CAF_CHECK_EQUAL(request.refusal->errors[0].pointer, "#/1");
}

CAF_TEST(empty_arrays_and_batches_are_valid) {
  for (const auto& headers : {plain, batch}) {
    auto request = parse(headers, " [ ] ");
    CAF_CHECK(!request.refusal);
    CAF_CHECK(request.is_many);
    CAF_CHECK(request.items.empty());
  }
}

CAF_TEST(a_batch_is_taken_whole_or_not_at_all) {
  CAF_CHECK_EQUAL(shape(parse(batch, "[" + good + "," + good + "]")), "++");
  auto bad = parse(batch, "[" + good + R"(,{"type":"t"},5])");
  CAF_CHECK_EQUAL(refusal(bad), "invalid");
  CAF_CHECK(bad.items.empty());
  CAF_CHECK(bad.refusal->detail.starts_with("item 1: "));
  CAF_CHECK(bad.refusal->detail.ends_with("(and 1 more bad items)"));
  CAF_CHECK_EQUAL(bad.refusal->errors.back().pointer, "#/2");
  CAF_CHECK_EQUAL(refusal(parse(batch, good)), "malformed");
}

CAF_TEST(a_structured_event_may_leave_out_nothing) {
  http_headers headers{{"Content-Type", "application/cloudevents+json"}};
  CAF_CHECK_EQUAL(shape(parse(headers, good)), "+");
  CAF_CHECK_EQUAL(refusal(parse(headers, R"({"type":"t"})")), "invalid");
  CAF_CHECK_EQUAL(refusal(parse(headers, "[" + good + "]")), "invalid");
}

CAF_TEST(an_event_is_taken_at_max_event_bytes_and_too_large_above) {
  intake_options options;
  options.max_event_bytes = 100;
  CAF_CHECK_EQUAL(shape(parse(plain, event_of(100), options)), "+");
  CAF_CHECK_EQUAL(shape(parse(plain, event_of(100) + "\n", options)), "+");
  auto above = parse(plain, event_of(101), options);
  CAF_CHECK_EQUAL(refusal(above), "too_large");
  CAF_CHECK_EQUAL(above.raw, "");
  auto array =
      '[' + event_of(100) + ',' + event_of(101) + ',' + event_of(99) + ']';
  CAF_CHECK_EQUAL(shape(parse(plain, array, options)), "+L+");
  CAF_CHECK_EQUAL(
      shape(parse(lines,
                  event_of(100) + "\r\n" + event_of(101) + '\n' + event_of(99),
                  options)),
      "+L+");
}

CAF_TEST(a_binary_event_counts_its_attributes_too) {
  intake_options options;
  options.max_event_bytes = 100;
  http_headers headers{{"ce-specversion", "1.0"},
                       {"ce-id", "1"},
                       {"ce-source", "/s"},
                       {"ce-type", "t"}};
  CAF_CHECK_EQUAL(shape(parse(headers, std::string(93, 'x'), options)), "+");
  CAF_CHECK_EQUAL(refusal(parse(headers, std::string(94, 'x'), options)),
                  "too_large");
}

CAF_TEST(a_body_is_taken_at_max_body_bytes_and_too_large_above) {
  intake_options options;
  options.max_body_bytes = 100;
  CAF_CHECK_EQUAL(shape(parse(plain, event_of(100), options)), "+");
  CAF_CHECK_EQUAL(refusal(parse(plain, event_of(101), options)), "too_large");
}

CAF_TEST(an_array_is_taken_at_the_item_limit_and_too_large_above) {
  // All of them bad in a way that has a place to be told.
  std::string body = "[1e999";
  for (size_t i = 1; i < limits::request_items_max; ++i)
    body += ",\n1e999";
  auto request = parse(plain, body + "]");
  CAF_REQUIRE_EQUAL(request.items.size(), limits::request_items_max);
  const auto& last = std::get<problem>(request.items.back().outcome);
  CAF_CHECK_EQUAL(last.detail,
                  "a number beyond every double at line 100000, column 1");
  CAF_CHECK_EQUAL(last.errors.at(0).pointer, "#/99999");
  CAF_CHECK_EQUAL(refusal(parse(plain, body + ",0]")), "too_large");
}

CAF_TEST(depth_counts_from_the_event_and_in_binary_mode_from_the_payload) {
  auto event = [](size_t depth) {
    return R"({"type":"t","data":)" + std::string(depth, '[') +
           std::string(depth, ']') + '}';
  };
  CAF_CHECK_EQUAL(refusal(parse(plain, event(63))), "");
  CAF_CHECK_EQUAL(refusal(parse(plain, event(64))), "invalid");
  CAF_CHECK_EQUAL(shape(parse(plain, '[' + event(63) + ',' + event(64) + ']')),
                  "+-");
}

CAF_TEST(what_is_quarantined_is_bounded) {
  intake_options options;
  options.max_event_bytes = 10;
  CAF_CHECK_EQUAL(quarantined(errc::invalid, "0123456789abc", options),
                  "0123456789");
  CAF_CHECK_EQUAL(quarantined(errc::too_large, "0123", options), "");
}

CAF_TEST(unsupported_types_and_codings_are_refused) {
  CAF_CHECK_EQUAL(refusal(parse({{"Content-Type", "text/plain"}}, good)),
                  "unsupported");
  auto headers = plain;
  headers.emplace_back("Content-Encoding", "br");
  CAF_CHECK_EQUAL(refusal(parse(headers, good)), "unsupported");
  headers.back().second = "gzip";
  CAF_CHECK_EQUAL(refusal(parse(headers, good)), "malformed");
}

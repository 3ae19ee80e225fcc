#define CAF_SUITE event_schemas
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/request_parser.hpp"
#include "runtime/core/schema/event_schemas.hpp"
#include "tests/unit/schema/support.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

namespace {

event_type_set sample_types(int64_t version = 1) {
  event_type_set out;
  out.version = version;
  out.by_type["order"] = {
      "order",
      version,
      R"({"type":"object","properties":{"total":{"type":"number"}}})",
      false,
      1,
      "me"};
  return out;
}

intake::event_defaults defaults(schema::event_schemas_ptr schemas) {
  intake::event_defaults out;
  out.source = "shop";
  out.make_id = [n = 0](const event_document&) mutable {
    return "id-" + std::to_string(n++);
  };
  out.check = schema::checker_of(std::move(schemas));
  return out;
}

intake::parsed_request parse(const std::string& type, const std::string& body,
                             http_headers more = {}) {
  http_headers headers{{"Content-Type", type}};
  headers.insert(headers.end(), more.begin(), more.end());
  return intake::parse_request(
      headers, body, defaults(schema::compile_all(sample_types(), nullptr)),
      {});
}

} // namespace

CAF_TEST(the_place_is_told_in_the_document_of_the_client) {
  auto one =
      parse("application/json", R"({"type":"order","data":{"total":"x"}})");
  CAF_REQUIRE(one.refusal);
  CAF_CHECK(one.refusal->code == errc::invalid);
  CAF_CHECK_EQUAL(lines_of(one.refusal->errors),
                  "#/data/total: must be a number, not a string");
  CAF_CHECK_EQUAL(one.refusal->detail,
                  "the data does not fit the schema of 'order' (version 1): "
                  "/total must be a number, not a string");
  CAF_CHECK_EQUAL(one.known.type, "order");
  CAF_CHECK_EQUAL(one.known.id, "id-0");
  auto many = parse("application/json",
                    R"([{"type":"free","data":1},{"type":"order","data":7}])");
  CAF_REQUIRE_EQUAL(many.items.size(), 2u);
  CAF_CHECK(std::holds_alternative<event_document>(many.items[0].outcome));
  CAF_CHECK_EQUAL(lines_of(std::get<problem>(many.items[1].outcome).errors),
                  "#/1/data: must be an object, not a number");
  CAF_CHECK_EQUAL(many.items[1].raw, R"({"type":"order","data":7})");
  CAF_CHECK_EQUAL(many.items[1].raw_bytes, many.items[1].raw.size());
  CAF_CHECK_EQUAL(many.items[1].known.id, "id-1");
  // In binary mode the data is the body.
  auto binary = parse("application/json", R"({"total":null})",
                      {{"ce-specversion", "1.0"},
                       {"ce-id", "1"},
                       {"ce-source", "/s"},
                       {"ce-type", "order"}});
  CAF_REQUIRE(binary.refusal);
  CAF_CHECK_EQUAL(lines_of(binary.refusal->errors),
                  "#/total: must be a number, not null");
  auto lines =
      parse("application/x-ndjson", "{\"type\":\"order\",\"data\":1}\n"
                                    "{\"type\":\"order\",\"data\":{}}\n");
  CAF_REQUIRE_EQUAL(lines.items.size(), 2u);
  CAF_CHECK_EQUAL(lines_of(std::get<problem>(lines.items[0].outcome).errors),
                  "#/data: must be an object, not a number");
}

CAF_TEST(a_batch_is_refused_whole_with_every_place) {
  auto batch =
      parse("application/cloudevents-batch+json",
            R"([{"specversion":"1.0","id":"1","source":"/s","type":"order",)"
            R"("data":{}},{"specversion":"1.0","id":"2","source":"/s",)"
            R"("type":"order","data":[]}])");
  CAF_REQUIRE(batch.refusal);
  CAF_CHECK_EQUAL(lines_of(batch.refusal->errors),
                  "#/1/data: must be an object, not an array");
  CAF_CHECK_EQUAL(batch.known.type, "order");
}

CAF_TEST(no_data_counts_as_null_and_what_is_no_json_is_refused) {
  auto none = parse("application/json", R"({"type":"order"})");
  CAF_REQUIRE(none.refusal);
  CAF_CHECK_EQUAL(lines_of(none.refusal->errors),
                  "#/data: must be an object, not null");
  auto text = parse("text/plain", "hello",
                    {{"ce-specversion", "1.0"},
                     {"ce-id", "1"},
                     {"ce-source", "/s"},
                     {"ce-type", "order"}});
  CAF_REQUIRE(text.refusal);
  CAF_CHECK(text.refusal->detail.find("is for JSON") != std::string::npos);
}

CAF_TEST(only_what_changed_is_compiled_again) {
  auto first = schema::compile_all(sample_types(1), nullptr);
  auto types = sample_types(1);
  types.version = 2;
  types.by_type["other"] = {"other", 1, "true", false, 1, "me"};
  auto second = schema::compile_all(types, first);
  CAF_CHECK_EQUAL(second->version, 2);
  CAF_CHECK(second->by_type.at("order").schema ==
            first->by_type.at("order").schema);
  CAF_CHECK(schema::compile_all(sample_types(3), second)
                ->by_type.at("order")
                .schema != first->by_type.at("order").schema);
}

CAF_TEST(a_stored_schema_that_cannot_be_used_lets_nothing_in) {
  auto types = sample_types();
  types.by_type["order"].schema = R"({"$dynamicRef":"#x"})";
  auto schemas = schema::compile_all(types, nullptr);
  event_document d;
  d.type = "order";
  auto wrong = schema::check_data(*schemas, d, "/data");
  CAF_REQUIRE(wrong);
  CAF_CHECK(wrong->detail.find("cannot be used") != std::string::npos);
  d.type = "free";
  CAF_CHECK(!schema::check_data(*schemas, d, "/data"));
}

#define CAF_SUITE schema_compile
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/limits.hpp"
#include "tests/unit/schema/support.hpp"

using namespace eventpulse;
using namespace eventpulse::test;

CAF_TEST(what_is_not_understood_is_refused_with_its_place) {
  CAF_CHECK_EQUAL(faults_of(R"({"properties":{"a":{"minimun":1}}})"),
                  "/properties/a/minimun: no such keyword: 'minimun' (private "
                  "ones begin with x-)");
  CAF_CHECK_EQUAL(faults_of(R"({"x-owner":"me","$comment":"c"})"), "");
  CAF_CHECK_EQUAL(faults_of(R"({"$dynamicRef":"#a"})"),
                  "/$dynamicRef: the keyword '$dynamicRef' is not supported");
  CAF_CHECK_EQUAL(faults_of(R"({"items":[true]})"),
                  "/items: an array of schemas is called prefixItems in draft "
                  "2020-12");
  CAF_CHECK_EQUAL(
      faults_of(R"({"$schema":"http://json-schema.org/draft-07/schema#",)"
                R"("prefixItems":[true]})"),
      "/prefixItems: the draft of this schema has no keyword 'prefixItems'; "
      "see $schema");
  CAF_CHECK(
      !faults_of(R"({"$schema":"http://json-schema.org/draft-04/schema#"})")
           .empty());
}

CAF_TEST(references_stay_inside_the_document) {
  for (auto outside : {"http://example.com/a.json", "other.json#/a", "//x"})
    CAF_CHECK(faults_of(std::string(R"({"$ref":")") + outside + "\"}")
                  .starts_with("/$ref: leads out of this document"));
  CAF_CHECK_EQUAL(faults_of(R"({"$ref":"#/$defs/none"})"),
                  "/$ref: there is nothing at #/$defs/none");
  CAF_CHECK_EQUAL(faults_of(R"({"$ref":"#none"})"),
                  "/$ref: there is no anchor 'none'");
  CAF_CHECK_EQUAL(errors_of(R"({"$id":"https://example.com/s","properties":
    {"a":{"$ref":"https://example.com/s#/$defs/n"},"b":{"$ref":"#here"}},
    "$defs":{"n":{"type":"null"},"m":{"$anchor":"here","const":1}}})",
                            R"({"a":1,"b":2})"),
                  "/a: must be null, not a number\n/b: must be 1");
  CAF_CHECK_EQUAL(
      faults_of(R"({"$defs":{"a":{"$id":"https://example.com/b"}}})"),
      "/$defs/a/$id: a part with an $id of its own is not supported; name it "
      "by $defs");
}

CAF_TEST(a_schema_that_would_never_end_is_refused) {
  CAF_CHECK_EQUAL(faults_of(R"({"$ref":"#"})"),
                  ": leads back to itself without going into the value");
  CAF_CHECK_EQUAL(
      faults_of(R"({"$ref":"#/$defs/a","$defs":{
    "a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}})"),
      "/$defs/a: leads back to itself without going into the value");
  CAF_CHECK_EQUAL(faults_of(R"({"items":{"$ref":"#"}})"), "");
}

CAF_TEST(patterns_without_linear_time_are_refused) {
  for (auto bad : {"(?=a)", "(a)\\\\1", "(?<!a)b", "(", "(x{900}){900}"})
    CAF_CHECK(faults_of(std::string(R"({"pattern":")") + bad + "\"}")
                  .starts_with("/pattern: "));
  CAF_CHECK(faults_of(R"({"patternProperties":{"(":true}})")
                .starts_with("/patternProperties/(: "));
  std::string large(limits::schema_pattern_bytes_max, 'a');
  CAF_CHECK_EQUAL(faults_of(R"({"pattern":")" + large.substr(0, 1500) + "\"}"),
                  "");
  CAF_CHECK(!faults_of(R"({"pattern":"a)" + large + "\"}").empty());
}

CAF_TEST(every_fault_of_a_keyword_is_told) {
  CAF_CHECK_EQUAL(
      faults_of(R"({"type":"float","minLength":-1,"required":"a",
                    "enum":[],"multipleOf":0,"minimum":"1","anyOf":[],
                    "uniqueItems":1,"properties":[],"not":7,
                    "exclusiveMinimum":true})"),
      "/type: must be null, boolean, object, array, number, integer or string\n"
      "/minLength: must be an integer, 0 or more\n"
      "/required: must be an array of names\n"
      "/enum: must be an array with at least one value\n"
      "/multipleOf: must be greater than 0\n"
      "/minimum: must be a number\n"
      "/anyOf: must be an array with at least one schema\n"
      "/uniqueItems: must be true or false\n"
      "/properties: must be an object of schemas\n"
      "/not: a schema is an object, true or false\n"
      "/exclusiveMinimum: must be a number, as it is from draft-06 on");
}

CAF_TEST(what_is_no_json_or_too_large_is_refused) {
  CAF_CHECK(!faults_of("{").empty());
  CAF_CHECK(!faults_of("[]").empty());
  CAF_CHECK_EQUAL(faults_of("true"), "");
  CAF_CHECK(!faults_of(std::string(limits::schema_bytes_max + 1, ' ')).empty());
  std::string deep = "true";
  for (size_t i = 0; i < limits::schema_depth_max; ++i)
    deep = R"({"not":)" + deep + '}';
  CAF_CHECK_EQUAL(faults_of(deep), "");
  CAF_CHECK(!faults_of(R"({"not":)" + deep + '}').empty());
}

CAF_TEST(a_format_that_is_not_checked_is_noted) {
  auto made = schema::compile(R"({"items":{"format":"iri"}})");
  CAF_REQUIRE(made.schema);
  CAF_REQUIRE_EQUAL(made.notes.size(), 1u);
  CAF_CHECK_EQUAL(made.notes[0].pointer, "/items/format");
  CAF_CHECK(schema::compile(R"({"format":"date"})").notes.empty());
}

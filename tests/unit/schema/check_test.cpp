#define CAF_SUITE schema_check
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/limits.hpp"
#include "tests/unit/schema/support.hpp"

#include <chrono>

using namespace eventpulse;
using namespace eventpulse::test;

CAF_TEST(every_fault_is_told_with_its_place) {
  CAF_CHECK_EQUAL(errors_of(R"({"type":"object","required":["id"],
                    "properties":{"amount":{"type":"number","minimum":0},
                                  "a/b":{"items":{"type":"string"}}}})",
                            R"({"amount":-1,"a/b":["x",2]})"),
                  ": the member 'id' is required\n"
                  "/amount: must be at least 0\n"
                  "/a~1b/1: must be a string, not a number");
}

CAF_TEST(the_number_of_faults_told_is_bounded) {
  std::string many = "[";
  for (size_t i = 0; i < limits::problem_errors_max + 5; ++i)
    many += (i ? ",1" : "1");
  auto made = schema::compile(R"({"items":{"type":"string"}})");
  CAF_REQUIRE(made.schema);
  CAF_CHECK_EQUAL(
      schema::check(*made.schema, parse_kept_json(many + "]")).errors.size(),
      limits::problem_errors_max);
}

CAF_TEST(numbers_are_compared_by_value_and_exactly) {
  auto fits = [](const std::string& schema, const std::string& value) {
    return errors_of(schema, value).empty();
  };
  CAF_CHECK(fits(R"({"const":1})", "1.0"));
  CAF_CHECK(fits(R"({"type":"integer"})", "1.0"));
  CAF_CHECK(!fits(R"({"type":"integer"})", "1.5"));
  CAF_CHECK(fits(R"({"maximum":9007199254740993})", "9007199254740993"));
  CAF_CHECK(!fits(R"({"maximum":9007199254740992})", "9007199254740993"));
  CAF_CHECK(!fits(R"({"exclusiveMaximum":-0.5})", "0"));
  CAF_CHECK(
      fits(R"({"maximum":18446744073709551615})", "-9223372036854775808"));
  CAF_CHECK(fits(R"({"multipleOf":0.01})", "19.99"));
  CAF_CHECK(fits(R"({"multipleOf":0.0001})", "0.0075"));
  CAF_CHECK(!fits(R"({"multipleOf":0.0001})", "0.00751"));
  CAF_CHECK(fits(R"({"multipleOf":1e-8})", "12391239123"));
  CAF_CHECK(!fits(R"({"multipleOf":0.123456789})", "1e308"));
  CAF_CHECK(fits(R"({"multipleOf":2})", "-4"));
  CAF_CHECK(!fits(R"({"uniqueItems":true})", "[1,2,1.0]"));
  CAF_CHECK(
      !fits(R"({"uniqueItems":true})", R"([{"a":1,"b":2},{"b":2,"a":1}])"));
  CAF_CHECK(fits(R"({"uniqueItems":true})", R"([[1],[true],["1"],{"1":1}])"));
}

CAF_TEST(lengths_count_characters) {
  CAF_CHECK_EQUAL(errors_of(R"({"maxLength":2})", R"("äö")"), "");
  CAF_CHECK_EQUAL(errors_of(R"({"maxLength":1})", "\"\U0001f600\""), "");
  CAF_CHECK_EQUAL(errors_of(R"({"minLength":3})", R"("äö")"),
                  ": must have at least 3 characters");
}

CAF_TEST(an_alternative_that_does_not_fit_says_why) {
  auto schema = R"({"oneOf":[{"properties":{"a":{"type":"string"}}},
                             {"required":["b"]}]})";
  CAF_CHECK_EQUAL(errors_of(schema, R"({"a":1})"),
                  ": fits none of `oneOf`: (0) /a must be a string, not a "
                  "number; (1) the member 'b' is required");
  CAF_CHECK_EQUAL(errors_of(schema, R"({"a":"x","b":1})"),
                  ": fits more than one of `oneOf`: 0 and 1");
  CAF_CHECK_EQUAL(errors_of(schema, R"({"a":1,"b":1})"), "");
}

CAF_TEST(conditions_choose_what_else_must_hold) {
  auto schema = R"({"if":{"properties":{"kind":{"const":"card"}},
                          "required":["kind"]},
                    "then":{"required":["card"]},"else":{"required":["iban"]}})";
  CAF_CHECK_EQUAL(errors_of(schema, R"({"kind":"card"})"),
                  ": the member 'card' is required");
  CAF_CHECK_EQUAL(errors_of(schema, R"({"kind":"sepa","iban":1})"), "");
}

CAF_TEST(what_nothing_evaluated_is_known_across_subschemas) {
  auto object = R"({"allOf":[{"properties":{"a":true}},
                             {"anyOf":[{"properties":{"b":{"type":"string"}},
                                        "required":["b"]},
                                       {"properties":{"c":true},
                                        "required":["c"]}]}],
                    "properties":{"d":true},
                    "unevaluatedProperties":false})";
  CAF_CHECK_EQUAL(errors_of(object, R"({"a":1,"b":"x","d":1})"), "");
  CAF_CHECK_EQUAL(errors_of(object, R"({"a":1,"b":"x","c":1})"), "");
  CAF_CHECK_EQUAL(errors_of(object, R"({"b":"x","z":1})"),
                  "/z: the member 'z' is not allowed");
  // An alternative that does not fit has evaluated nothing.
  CAF_CHECK_EQUAL(errors_of(object, R"({"b":7,"c":1})"),
                  "/b: the member 'b' is not allowed");
  // The schema around it does not count: it is no cousin's business.
  CAF_CHECK_EQUAL(errors_of(R"({"properties":{"a":true},
                    "allOf":[{"unevaluatedProperties":false}]})",
                            R"({"a":1})"),
                  "/a: the member 'a' is not allowed");
  auto items = R"({"prefixItems":[{"type":"string"}],
                   "contains":{"type":"integer"},"unevaluatedItems":false})";
  CAF_CHECK_EQUAL(errors_of(items, R"(["x",1,2])"), "");
  CAF_CHECK_EQUAL(errors_of(items, R"(["x",1,"y"])"),
                  "/2: nothing is allowed here");
}

CAF_TEST(formats_are_checked) {
  auto good = [](const std::string& format, const std::string& text) {
    return errors_of(R"({"format":")" + format + "\"}", '"' + text + '"')
        .empty();
  };
  CAF_CHECK(good("date-time", "2026-01-02T03:04:05Z"));
  CAF_CHECK(!good("date-time", "2026-01-02"));
  CAF_CHECK(good("date", "2024-02-29"));
  CAF_CHECK(!good("date", "2025-02-29"));
  CAF_CHECK(good("time", "23:59:60Z"));
  CAF_CHECK(!good("time", "24:00:00Z"));
  CAF_CHECK(good("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380"));
  CAF_CHECK(!good("uuid", "2eb8aa08-aa98-11ea-b4aa73b441d163800"));
  CAF_CHECK(good("ipv4", "192.0.2.1"));
  CAF_CHECK(!good("ipv4", "192.0.2.256"));
  CAF_CHECK(good("ipv6", "2001:db8::1"));
  CAF_CHECK(!good("ipv6", "::1%eth0"));
  CAF_CHECK(good("email", "joe.bloggs@example.com"));
  CAF_CHECK(!good("email", "joe..bloggs@example.com"));
  CAF_CHECK(good("hostname", "a-b.example"));
  CAF_CHECK(!good("hostname", "-a.example"));
  CAF_CHECK(good("uri", "urn:a:b"));
  CAF_CHECK(!good("uri", "/a"));
  CAF_CHECK(good("uri-reference", "/a"));
  CAF_CHECK(good("regex", "^a+$"));
  CAF_CHECK(!good("regex", "(a"));
  CAF_CHECK(good("json-pointer", "/a~0b"));
  CAF_CHECK(!good("json-pointer", "/a~2b"));
  CAF_CHECK(good("made-up", "anything"));
}

CAF_TEST(patterns_search_and_know_unicode_escapes) {
  CAF_CHECK_EQUAL(errors_of(R"({"pattern":"b+"})", R"("abc")"), "");
  CAF_CHECK_EQUAL(
      errors_of(R"({"pattern":"^\\u00e4\\u{1f600}$"})", "\"ä\U0001f600\""), "");
  CAF_CHECK_EQUAL(errors_of(R"({"pattern":"^a$"})", R"("b")"),
                  ": must match the pattern \"^a$\"");
}

CAF_TEST(hostile_patterns_and_documents_take_bounded_time) {
  auto began = std::chrono::steady_clock::now();
  // Exponential for engines that track back.
  CAF_CHECK_NOT_EQUAL(errors_of(R"({"pattern":"^(a+)+$"})",
                                '"' + std::string(200'000, 'a') + "!\""),
                      "");
  // Large automata.
  CAF_CHECK_NOT_EQUAL(errors_of(R"({"pattern":"(a|b)*a(a|b){12}c"})",
                                '"' + std::string(200'000, 'a') + '"'),
                      "");
  // A schema that doubles with every level.
  std::string doubling = R"({"$defs":{"d0":{"type":"string"})";
  for (int i = 1; i <= 30; ++i) {
    auto below = R"({"$ref":"#/$defs/d)" + std::to_string(i - 1) + "\"}";
    doubling += ",\"d" + std::to_string(i) + R"(":{"anyOf":[)" + below + ',' +
                below + "]}";
  }
  doubling += R"(},"$ref":"#/$defs/d30"})";
  CAF_CHECK_EQUAL(
      errors_of(doubling, "1"),
      ": takes more than 1000000 steps to check against the schema");
  // What runs out of budget inside `not` is not taken for a "does not fit".
  doubling.replace(doubling.rfind("\"$ref\""), std::string::npos,
                   R"("not":{"$ref":"#/$defs/d30"}})");
  CAF_CHECK_EQUAL(
      errors_of(doubling, "1"),
      ": takes more than 1000000 steps to check against the schema");
  auto spent = std::chrono::steady_clock::now() - began;
  CAF_CHECK(spent < std::chrono::seconds(10));
}

CAF_TEST(a_schema_may_go_down_as_deep_as_the_value_does) {
  auto tree = R"({"type":"array","items":{"$ref":"#"}})";
  CAF_CHECK_EQUAL(
      errors_of(tree, std::string(500, '[') + std::string(500, ']')), "");
  CAF_CHECK_EQUAL(
      errors_of(tree, std::string(60, '[') + '1' + std::string(60, ']')), [] {
        std::string pointer;
        for (int i = 0; i < 60; ++i)
          pointer += "/0";
        return pointer + ": must be an array, not a number";
      }());
}

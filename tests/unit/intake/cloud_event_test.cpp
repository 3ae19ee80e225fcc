#define CAF_SUITE intake_cloud_event
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/limits.hpp"
#include "runtime/core/intake/cloud_event.hpp"
#include "runtime/core/intake/header_value.hpp"
#include "tests/unit/intake/corpus.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

event_or_problem parse(const std::string& text, json_form form) {
  json_reader reader{text, 64};
  json_value value;
  CAF_REQUIRE(reader.whole(value) == json_reader::step::value);
  return parse_json_event(value, form, "", test::known_defaults());
}

// A structured event with `more` members.
event_or_problem structured(const std::string& more) {
  return parse(R"({"specversion":"1.0","id":"1","source":"/s","type":"t")" +
                   more + '}',
               json_form::structured);
}

event_document taken(const std::string& more) {
  return test::document_of(structured(more));
}

// The first fault, or "" where the event is taken.
problem_item fault_of(const event_or_problem& outcome) {
  auto* why = std::get_if<problem>(&outcome);
  if (why == nullptr)
    return {};
  CAF_REQUIRE(why->code == errc::invalid);
  CAF_REQUIRE(!why->errors.empty());
  return why->errors[0];
}

event_or_problem binary(http_headers headers, std::string_view body = "") {
  headers.insert(headers.end(), {{"ce-specversion", "1.0"},
                                 {"ce-id", "1"},
                                 {"ce-source", "/s"},
                                 {"ce-type", "t"}});
  return parse_binary_event(headers, body, test::known_defaults(), 64);
}

} // namespace

CAF_TEST(a_plain_event_gets_what_it_leaves_out) {
  auto event = test::document_of(parse(R"({"type":"t"})", json_form::plain));
  CAF_CHECK_EQUAL(event.id, "made-id");
  CAF_CHECK_EQUAL(event.source, "key%20one");
  CAF_CHECK_EQUAL(event.time, "2026-01-02T03:04:05.678Z");
  CAF_CHECK(event.kind == payload_kind::none);
}

CAF_TEST(a_plain_event_keeps_what_it_says) {
  auto event = test::document_of(
      parse(R"({"type":"t","id":"i","source":"/s","time":)"
            R"("2020-01-01T00:00:00+01:00","specversion":"1.0"})",
            json_form::plain));
  CAF_CHECK_EQUAL(event.id, "i");
  CAF_CHECK_EQUAL(event.source, "/s");
  CAF_CHECK_EQUAL(event.time, "2020-01-01T00:00:00+01:00");
}

CAF_TEST(ids_are_made_for_good_events_without_one_only) {
  size_t made = 0;
  auto defaults = test::known_defaults();
  defaults.make_id = [&](const event_document&) {
    return std::to_string(++made);
  };
  for (std::string_view text :
       {R"({"type":"t","id":"i"})", R"({"id":null})", R"([])"}) {
    json_value value;
    json_error error;
    CAF_REQUIRE(scan_json(text, 64, value, error));
    auto ignored = parse_json_event(value, json_form::plain, "", defaults);
  }
  CAF_CHECK_EQUAL(made, 0u);
}

CAF_TEST(a_structured_event_must_say_everything) {
  auto outcome = parse("{}", json_form::structured);
  auto& why = std::get<problem>(outcome);
  CAF_CHECK_EQUAL(why.errors.size(), 4u);
  CAF_CHECK_EQUAL(why.detail, "type: is required (and 3 more)");
  CAF_CHECK_EQUAL(taken("").time, "");
}

CAF_TEST(extensions_keep_their_types_and_are_sorted) {
  auto event = taken(R"(,"z":"s","b":true,"i":-5,"n":null,"e":"")");
  CAF_REQUIRE_EQUAL(event.extensions.size(), 4u);
  CAF_CHECK_EQUAL(event.extensions[0].first, "b");
  CAF_CHECK(event.extensions[0].second == attribute_value{true});
  CAF_CHECK(event.extensions[1].second == attribute_value{std::string{}});
  CAF_CHECK(event.extensions[2].second == attribute_value{-5});
  CAF_CHECK(event.extensions[3].second == attribute_value{std::string{"s"}});
}

CAF_TEST(attributes_that_break_a_rule_are_told_with_their_place) {
  auto check = [](const std::string& more, std::string_view pointer) {
    auto fault = fault_of(structured(more));
    CAF_MESSAGE(more << " -> " << fault.detail);
    CAF_CHECK_EQUAL(fault.pointer, pointer);
  };
  check(R"(,"time":"yesterday")", "#/time");
  check(R"(,"time":5)", "#/time");
  check(R"(,"subject":"")", "#/subject");
  check(R"(,"dataschema":"/relative")", "#/dataschema");
  check(R"(,"datacontenttype":"xyz")", "#/datacontenttype");
  check(R"(,"Upper":"x")", "#/Upper");
  check(R"(,"a b":"x")", "#/a%20b");
  check(R"(,"":"x")", "#/");
  check(R"(,"ext":1.5)", "#/ext");
  check(R"(,"ext":2147483648)", "#/ext");
  check(R"(,"ext":{})", "#/ext");
  check(R"(,"ext":[1])", "#/ext");
  check(R"(,"ext":"a\u0000b")", "#/ext");
  check(R"(,"ext":"\u0085")", "#/ext");
  check(R"(,"ext":"\u007f")", "#/ext");
  check(R"(,"ext":"\ufdd0")", "#/ext");
  check(R"(,"ext":"\ud83f\udfff")", "#/ext");
  check(R"(,"id":"2")", "#/id");
  check(R"(,"\u0069d":"2")", "#/id");
  check(R"(,"n":null,"n":1)", "#/n");
  check(R"(,"data":1,"data":1)", "#/data");
  check(R"(,"data":1,"data_base64":"")", "#/data_base64");
  check(R"(,"data_base64":5)", "#/data_base64");
  check(R"(,"data_base64":"a")", "#/data_base64");
  check(R"(,"partitionkey":"")", "#/partitionkey");
  check(R"(,"partitionkey":5)", "#/partitionkey");
  check(R"(,"traceparent":5)", "#/traceparent");
  check(R"(,"datacontenttype":"text/xml","data":{})", "#/data");
}

CAF_TEST(data_follows_datacontenttype) {
  auto json = taken(R"(,"data": [1, 2.50] )");
  CAF_CHECK(json.kind == payload_kind::json);
  CAF_CHECK_EQUAL(json.payload, "[1, 2.50]");
  auto null = taken(R"(,"data":null)");
  CAF_CHECK(null.kind == payload_kind::json);
  CAF_CHECK_EQUAL(null.payload, "null");
  auto text = taken(R"(,"data":"a\"b\u00e4","datacontenttype":"text/plain")");
  CAF_CHECK(text.kind == payload_kind::binary);
  CAF_CHECK_EQUAL(text.payload, "a\"b\xc3\xa4");
  auto vendor = taken(R"(,"data":"x","datacontenttype":"a/b+json; c=d")");
  CAF_CHECK(vendor.kind == payload_kind::json);
  CAF_CHECK_EQUAL(vendor.payload, "\"x\"");
  auto base64 = taken(R"(,"data_base64":"AAEC\/w==")");
  CAF_CHECK(base64.kind == payload_kind::binary);
  CAF_CHECK(base64.payload == std::string("\0\x01\x02\xff", 4));
  auto none = taken(R"(,"data":null,"datacontenttype":"text/plain")");
  CAF_CHECK(none.kind == payload_kind::none);
}

CAF_TEST(attribute_values_are_taken_at_the_limit_and_refused_above) {
  auto of = [](size_t size) {
    return structured(",\"ext\":\"" + std::string(size, 'x') + '"');
  };
  CAF_CHECK_EQUAL(fault_of(of(limits::attribute_bytes_max)).detail, "");
  CAF_CHECK_NOT_EQUAL(fault_of(of(limits::attribute_bytes_max + 1)).detail, "");
}

CAF_TEST(attribute_names_are_taken_at_the_limit_and_refused_above) {
  auto of = [](size_t size) {
    return structured(",\"" + std::string(size, 'x') + "\":1");
  };
  constexpr auto max = limits::attribute_name_bytes_max;
  CAF_CHECK_EQUAL(fault_of(of(max)).detail, "");
  CAF_CHECK_NOT_EQUAL(fault_of(of(max + 1)).detail, "");
}

CAF_TEST(extensions_are_taken_at_the_limit_and_refused_above) {
  auto of = [](size_t count) {
    std::string more = R"(,"subject":"s","time":"2020-01-01T00:00:00Z",)"
                       R"("datacontenttype":"a/json","dataschema":"a:b",)"
                       R"("traceparent":"x","tracestate":"y","data":1)";
    for (size_t i = 0; i < count; ++i)
      more += ",\"x" + std::to_string(i) + "\":1";
    return structured(more);
  };
  CAF_CHECK_EQUAL(fault_of(of(limits::extensions_max)).detail, "");
  CAF_CHECK_NOT_EQUAL(fault_of(of(limits::extensions_max + 1)).detail, "");
  auto outcome = of(5000);
  auto& why = std::get<problem>(outcome);
  CAF_CHECK_EQUAL(why.errors.size(), limits::problem_errors_max);
}

CAF_TEST(an_event_without_own_trace_has_the_requests) {
  auto defaults = test::known_defaults();
  defaults.trace = {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    "a=1"};
  auto trace_of = [&](const std::string& more) {
    auto text = R"({"type":"t")" + more + '}';
    json_value value;
    json_error error;
    CAF_REQUIRE(scan_json(text, 64, value, error));
    auto event = test::document_of(
        parse_json_event(value, json_form::plain, "", defaults));
    CAF_CHECK(event.extensions.empty());
    return trace_context{event.traceparent, event.tracestate};
  };
  trace_context own{"00-11111111111111111111111111111111-2222222222222222-00",
                    ""};
  CAF_CHECK(trace_of("") == defaults.trace);
  CAF_CHECK(trace_of(R"(,"traceparent":"nonsense","tracestate":"b=2")") ==
            defaults.trace);
  CAF_CHECK(trace_of(R"(,"tracestate":"b=2")") == defaults.trace);
  CAF_CHECK(trace_of(",\"traceparent\":\"" + own.traceparent + '"') == own);
}

CAF_TEST(binary_mode_takes_headers_for_attributes_and_the_body_as_it_is) {
  auto event = test::document_of(
      binary({{"CE-Subject", "a%20b"},
              {"ce-count", "5"},
              {"ce-empty", ""},
              {"Content-Type", " Application/JSON; charset=utf-8 "}},
             " {\"a\" : 1}\n"));
  CAF_CHECK_EQUAL(event.subject, "a b");
  CAF_CHECK_EQUAL(event.datacontenttype, "Application/JSON; charset=utf-8");
  CAF_CHECK(event.kind == payload_kind::json);
  CAF_CHECK_EQUAL(event.payload, " {\"a\" : 1}\n");
  CAF_REQUIRE_EQUAL(event.extensions.size(), 2u);
  CAF_CHECK(event.extensions[0].second == attribute_value{std::string{"5"}});
}

CAF_TEST(a_body_said_to_be_json_must_be_json) {
  http_headers json{{"Content-Type", "application/json"}};
  auto broken = binary(json, "{");
  CAF_CHECK(std::get<problem>(broken).code == errc::malformed);
  auto infinite = binary(json, "1e999");
  CAF_CHECK(std::get<problem>(infinite).code == errc::invalid);
  CAF_CHECK(test::document_of(binary(json, "")).kind == payload_kind::none);
  auto latin =
      binary({{"Content-Type", "text/json; charset=latin1"}}, "\"\xe4\"");
  CAF_CHECK(test::document_of(latin).kind == payload_kind::binary);
}

CAF_TEST(headers_that_break_a_rule_are_refused) {
  for (http_headers headers : std::vector<http_headers>{
           {{"ce-id", "2"}},
           {{"ce-datacontenttype", "text/plain"}},
           {{"ce-data", "x"}},
           {{"ce-data_base64", "x"}},
           {{"ce-", "x"}},
           {{"ce-a-b", "x"}},
           {{"ce-a", "\"open"}},
           {{"ce-a", "%00"}},
           {{"ce-a", "%C0%A0"}},
           {{"ce-a", "%ED%A0%80"}},
           {{"ce-a", "\xff"}},
           {{"ce-time", "now"}},
           {{"Content-Type", "nonsense"}},
           {{"Content-Type", "a/b"}, {"Content-Type", "a/b"}}}) {
    auto fault = fault_of(binary(headers));
    CAF_MESSAGE(headers[0].first << " -> " << fault.detail);
    CAF_CHECK_NOT_EQUAL(fault.detail, "");
    CAF_CHECK_EQUAL(fault.pointer, "");
  }
}

CAF_TEST(header_values_are_unquoted_then_percent_decoded_once) {
  auto decode = [](std::string_view value) {
    return decode_header_value(value).value_or("refused");
  };
  CAF_CHECK_EQUAL(decode(" plain "), "plain");
  CAF_CHECK_EQUAL(decode("Euro%20%E2%82%ac"), "Euro \xe2\x82\xac");
  CAF_CHECK_EQUAL(decode("%2541"), "%41");
  CAF_CHECK_EQUAL(decode("100%"), "100%");
  CAF_CHECK_EQUAL(decode("%4"), "%4");
  CAF_CHECK_EQUAL(decode("%zz%4g"), "%zz%4g");
  CAF_CHECK_EQUAL(decode("a\"b \\\" c\"d\\e"), "ab \" cd\\e");
  CAF_CHECK_EQUAL(decode("\"%41\""), "A");
  CAF_CHECK_EQUAL(decode("\"open"), "refused");
  CAF_CHECK_EQUAL(decode("\"open\\\""), "refused");
  CAF_CHECK_EQUAL(decode("\"open\\"), "refused");
}

#define CAF_SUITE intake_stream_entry
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/stream_entry.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

accepted_event full() {
  event_document d;
  d.id = "id \"\\\n\xc3\xa4";
  d.source = "/s";
  d.type = "t";
  d.subject = "subject";
  d.time = "2026-01-02T03:04:05Z";
  d.datacontenttype = "application/json";
  d.dataschema = "a:b";
  d.extensions = {{"a", true},
                  {"b", false},
                  {"c", INT32_MIN},
                  {"d", std::string{}},
                  {"partitionkey", std::string{"k"}}};
  d.kind = payload_kind::json;
  d.payload = " {\"a\" : 1.0}\n";
  d.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  d.tracestate = "a=1";
  return {d, "key \"one\"", 1767323045678};
}

accepted_event least() {
  event_document d;
  d.id = d.source = d.type = "x";
  return {d, "", -1};
}

void check_round_trip(const accepted_event& event) {
  auto back = decode(encode(event));
  if (!back)
    CAF_MESSAGE(back.error().detail);
  CAF_REQUIRE(back.ok());
  CAF_CHECK(std::get<accepted_event>(*back) == event);
}

// True where the fields are refused as corrupt.
bool is_corrupt(const stream_fields& fields) {
  auto out = decode(fields);
  return !out && out.error().code == errc::corrupt;
}

stream_fields with_header(const std::string& header) {
  return {{"k", "e"}, {"h", header}};
}

} // namespace

CAF_TEST(an_event_comes_back_as_it_went) {
  check_round_trip(full());
  check_round_trip(least());
}

CAF_TEST(payloads_come_back_to_the_byte_in_every_kind) {
  auto event = least();
  event.document.kind = payload_kind::binary;
  check_round_trip(event); // no bytes, but a payload
  for (int c = 0; c < 256; ++c)
    event.document.payload += static_cast<char>(c);
  check_round_trip(event);
  event.document.kind = payload_kind::json;
  event.document.payload = "null";
  check_round_trip(event);
}

CAF_TEST(the_fields_are_the_documented_ones) {
  auto fields = encode(least());
  CAF_REQUIRE_EQUAL(fields.size(), 2u);
  CAF_CHECK_EQUAL(fields[0].first + '=' + fields[0].second, "k=e");
  CAF_CHECK_EQUAL(fields[1].first, "h");
  CAF_CHECK_EQUAL(fields[1].second,
                  R"({"v":1,"at":-1,"by":"","kind":"none","id":"x",)"
                  R"("source":"x","type":"x"})");
  auto more = encode(full());
  CAF_CHECK_EQUAL(more.back().first, "d");
  CAF_CHECK_EQUAL(more.back().second, full().document.payload);
}

CAF_TEST(a_control_mark_comes_back_as_it_went) {
  control_mark mark{"4df44887-5015-555c-96ab-6476747aed80"};
  auto back = decode(encode(mark));
  CAF_REQUIRE(back.ok());
  CAF_CHECK(std::get<control_mark>(*back) == mark);
  for (auto row : {"", "4df44887", "4DF44887-5015-555C-96AB-6476747AED80",
                   "4df44887-5015-555c-96ab-6476747aed8g",
                   "4df44887x5015-555c-96ab-6476747aed80",
                   "4df44887-5015-555c-96ab-6476747aed800"})
    CAF_CHECK(is_corrupt({{"k", "c"}, {"row", row}}));
  CAF_CHECK(is_corrupt({{"k", "c"}}));
}

CAF_TEST(fields_that_are_not_ours_are_corrupt) {
  CAF_CHECK(is_corrupt({}));
  CAF_CHECK(is_corrupt({{"k", ""}}));
  CAF_CHECK(is_corrupt({{"k", "x"}}));
  CAF_CHECK(is_corrupt({{"k", "e"}}));
  CAF_CHECK(is_corrupt({{"h", encode(least())[1].second}}));
  auto twice = encode(full());
  twice.push_back(twice[0]);
  CAF_CHECK(is_corrupt(twice));
  twice = encode(full());
  twice.push_back(twice[1]);
  CAF_CHECK(is_corrupt(twice));
}

CAF_TEST(a_payload_must_be_there_exactly_where_the_header_says) {
  auto missing = encode(full());
  missing.pop_back();
  CAF_CHECK(is_corrupt(missing));
  auto surplus = encode(least());
  surplus.emplace_back("d", "x");
  CAF_CHECK(is_corrupt(surplus));
  auto broken = encode(full());
  broken.back().second = "{";
  CAF_CHECK(is_corrupt(broken));
}

CAF_TEST(headers_that_break_a_rule_are_corrupt) {
  auto with = [](const std::string& more) {
    return with_header(R"({"v":1,"at":1,"by":"k","kind":"none","id":"x",)"
                       R"("source":"x","type":"x")" +
                       more + "}");
  };
  CAF_CHECK(!is_corrupt(with("")));
  CAF_CHECK(!is_corrupt(with(R"(,"later":[1])"))); // a later version's member
  for (auto more :
       {R"(,"v":1)", R"(,"subject":"")", R"(,"subject":5)", R"(,"time":null)",
        R"(,"x":5)", R"(,"x":{"b":1,"a":1})", R"(,"x":{"a":1,"a":1})",
        R"(,"x":{"a":1.5})", R"(,"x":{"a":null})", R"(,"x":{"a":[]})",
        R"(,"x":{"":1})", R"(,"x":{"\u0061":1})", R"(,"x":{"a":2147483648})",
        R"(,"subject":"a\u0000b")", R"(,"x":{"a":"\u0000"})", "x"}) {
    CAF_MESSAGE(more);
    CAF_CHECK(is_corrupt(with(more)));
  }
  auto header = encode(least())[1].second;
  for (auto cut : {R"("v":1,)", R"("at":-1,)", R"("by":"",)", R"("id":"x",)",
                   R"("source":"x",)", R"(,"type":"x")", R"("kind":"none",)"}) {
    auto less = header;
    less.erase(less.find(cut), std::string{cut}.size());
    CAF_MESSAGE(less);
    CAF_CHECK(is_corrupt(with_header(less)));
  }
  auto later = header;
  later.replace(later.find("\"v\":1"), 5, "\"v\":2");
  CAF_CHECK(is_corrupt(with_header(later)));
  for (auto text : {"", "[]", "null", "{", "{}", "\xff"})
    CAF_CHECK(is_corrupt(with_header(text)));
}

CAF_TEST(a_garbled_byte_never_does_more_than_change_or_refuse) {
  auto fields = encode(full());
  for (size_t field = 0; field < fields.size(); ++field)
    for (size_t i = 0; i < fields[field].second.size(); ++i)
      for (char c : {'\0', '"', '{', '}', ',', '\\', '\xff', '9'}) {
        auto garbled = fields;
        garbled[field].second[i] = c;
        auto out = decode(garbled);
        CAF_CHECK(out.ok() || out.error().code == errc::corrupt);
      }
}

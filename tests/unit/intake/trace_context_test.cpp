#define CAF_SUITE intake_trace_context
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/trace_context.hpp"
#include "tests/unit/intake/corpus.hpp"

#include <algorithm>

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

constexpr std::string_view good =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

trace_random counted_random() {
  trace_random out;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<uint8_t>(i + 1);
  return out;
}

std::string text(const boost::json::value& value) {
  return std::string{value.as_string()};
}

std::optional<std::vector<trace_member>> members_of(std::string_view header) {
  return parse_tracestate(std::array{header});
}

std::string value_of(const std::vector<trace_member>& members,
                     std::string_view key) {
  for (const auto& m : members)
    if (m.key == key)
      return m.value;
  return "(absent)";
}

http_headers headers_of(const boost::json::object& test) {
  http_headers out;
  for (const auto& pair : test.at("headers").as_array())
    out.emplace_back(text(pair.as_array()[0]), text(pair.as_array()[1]));
  return out;
}

void check_state(const boost::json::object& expect,
                 const std::vector<trace_member>& members) {
  if (auto* wanted = expect.if_contains("tracestate"))
    for (const auto& [key, value] : wanted->as_object())
      CAF_CHECK_EQUAL(value_of(members, key), text(value));
  if (auto* absent = expect.if_contains("tracestate_absent"))
    for (const auto& key : absent->as_array())
      CAF_CHECK_EQUAL(value_of(members, text(key)), "(absent)");
  if (expect.contains("tracestate_discarded"))
    CAF_CHECK(members.empty());
  if (auto* count = expect.if_contains("tracestate_members"))
    CAF_CHECK_EQUAL(static_cast<int64_t>(members.size()), count->as_int64());
  if (auto* any = expect.if_contains("tracestate_any_of")) {
    bool has_one = std::any_of(
        any->as_array().begin(), any->as_array().end(), [&](const auto& set) {
          return std::all_of(set.as_object().begin(), set.as_object().end(),
                             [&](const auto& m) {
                               return value_of(members, m.key()) ==
                                      text(m.value());
                             });
        });
    CAF_CHECK(has_one);
  }
}

void check_request(const boost::json::object& test) {
  const auto& expect = test.at("expect").as_object();
  auto context = continue_trace(headers_of(test), counted_random(), 0);
  auto parent = parse_traceparent(context.traceparent);
  CAF_REQUIRE(parent.has_value());
  auto rule = text(expect.at("trace_id_rule"));
  if (rule == "inherit")
    CAF_CHECK_EQUAL(parent->trace_id, text(expect.at("trace_id")));
  if (rule == "new")
    CAF_CHECK_EQUAL(parent->trace_id, "0102030405060708090a0b0c0d0e0f10");
  CAF_CHECK_EQUAL(parent->parent_id, "1112131415161718");
  if (auto* bits = expect.if_contains("trace_flags_bits_set"))
    CAF_CHECK_EQUAL(parent->flags & bits->as_int64(), bits->as_int64());
  auto members = members_of(context.tracestate);
  CAF_REQUIRE(members.has_value());
  check_state(expect, *members);
}

} // namespace

CAF_TEST(every_case_of_the_corpus_is_read_as_its_suite_reads_it) {
  for (const auto& line : test::corpus_lines("trace-context/cases.jsonl", 72)) {
    auto parsed = test::parse_line(line);
    const auto& test = parsed.as_object();
    CAF_MESSAGE(text(test.at("name")));
    auto kind = text(test.at("kind"));
    if (kind == "traceparent") {
      auto parent = parse_traceparent(text(test.at("value")));
      CAF_CHECK_EQUAL(parent.has_value(), test.at("valid").as_bool());
    } else if (kind == "tracestate") {
      std::vector<std::string> headers;
      for (const auto& header : test.at("headers").as_array())
        headers.push_back(text(header));
      std::vector<std::string_view> views(headers.begin(), headers.end());
      auto members = parse_tracestate(views);
      CAF_CHECK_EQUAL(members.has_value(), test.at("valid").as_bool());
      auto* wanted = test.if_contains("members");
      if (!members || wanted == nullptr || !wanted->is_array())
        continue;
      CAF_REQUIRE_EQUAL(members->size(), wanted->as_array().size());
      for (size_t i = 0; i < members->size(); ++i) {
        const auto& pair = wanted->as_array()[i].as_array();
        CAF_CHECK_EQUAL((*members)[i].key, text(pair[0]));
        CAF_CHECK_EQUAL((*members)[i].value, text(pair[1]));
      }
    } else {
      check_request(test);
    }
  }
}

CAF_TEST(a_traceparent_is_written_as_it_was_read) {
  auto parent = parse_traceparent(good);
  CAF_REQUIRE(parent.has_value());
  CAF_CHECK_EQUAL(parent->trace_id, "0af7651916cd43dd8448eb211c80319c");
  CAF_CHECK_EQUAL(parent->parent_id, "b7ad6b7169203331");
  CAF_CHECK_EQUAL(static_cast<int>(parent->flags), 1);
  CAF_CHECK_EQUAL(format_traceparent(*parent), good);
}

CAF_TEST(unknown_flags_are_not_passed_on) {
  auto parent = parse_traceparent(
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff");
  CAF_REQUIRE(parent.has_value());
  CAF_CHECK(format_traceparent(*parent).ends_with("-03"));
}

CAF_TEST(broken_traceparents_of_any_length_are_refused) {
  for (size_t size = 0; size < good.size(); ++size)
    CAF_CHECK(!parse_traceparent(good.substr(0, size)));
  for (size_t i = 0; i < good.size(); ++i)
    for (char c : {'G', 'A', ' ', '\0', '\xff', '_'}) {
      std::string text{good};
      text[i] = c;
      CAF_CHECK(!parse_traceparent(text));
    }
}

CAF_TEST(two_traceparents_contradict_each_other_and_start_a_new_trace) {
  http_headers headers{{"traceparent", std::string{good}},
                       {"Traceparent", std::string{good}},
                       {"tracestate", "a=1"}};
  auto context = continue_trace(headers, counted_random(), trace_flag_sampled);
  CAF_CHECK_EQUAL(context.traceparent,
                  "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-03");
  CAF_CHECK_EQUAL(context.tracestate, "");
}

CAF_TEST(random_bytes_that_are_all_zero_still_give_valid_ids) {
  auto context = continue_trace({}, trace_random{}, 0);
  CAF_CHECK(parse_traceparent(context.traceparent).has_value());
}

CAF_TEST(an_event_keeps_its_own_origin) {
  auto own = event_trace(good, "vendor=1");
  CAF_REQUIRE(own.has_value());
  CAF_CHECK_EQUAL(own->traceparent, good);
  CAF_CHECK_EQUAL(own->tracestate, "vendor=1");
  CAF_CHECK(!event_trace("nonsense", "vendor=1"));
  CAF_CHECK(!event_trace("", ""));
  auto bad_state = event_trace(good, "B=1");
  CAF_CHECK_EQUAL(bad_state->tracestate, "");
}

CAF_TEST(tracestate_is_taken_at_each_limit_and_refused_above) {
  std::string thirty_two;
  for (int i = 0; i < 32; ++i)
    thirty_two += "k" + std::to_string(i) + "=v,";
  CAF_CHECK_EQUAL(members_of(thirty_two)->size(), 32u);
  CAF_CHECK(!members_of(thirty_two + "k32=v"));
  CAF_CHECK(members_of(std::string(256, 'k') + "=v").has_value());
  CAF_CHECK(!members_of(std::string(257, 'k') + "=v"));
  CAF_CHECK(members_of("k=" + std::string(256, 'v')).has_value());
  CAF_CHECK(!members_of("k=" + std::string(257, 'v')));
}

CAF_TEST(tracestate_members_that_break_the_grammar_are_refused) {
  for (std::string_view text : {"a", "=v", "a=", "A=1", "a=1=2", "a b=1",
                                "-a=1", "a=\x01", "a=\xc3\xa9", "a =1"}) {
    CAF_MESSAGE(text);
    CAF_CHECK(!members_of(text));
  }
  CAF_CHECK(members_of(" , ,a=1,\t,")->size() == 1);
  CAF_CHECK(members_of("")->empty());
}

CAF_TEST(a_long_tracestate_loses_large_members_first_and_never_half_a_one) {
  std::vector<trace_member> members{
      {"a", "1"}, {"large", std::string(200, 'x')}, {"b", "2"}, {"c", "3"}};
  CAF_CHECK_EQUAL(format_tracestate(members, 1000).size(), 3u * 4 + 206);
  CAF_CHECK_EQUAL(format_tracestate(members, 3u * 4 + 206).size(), 218u);
  CAF_CHECK_EQUAL(format_tracestate(members, 217), "a=1,b=2,c=3");
  CAF_CHECK_EQUAL(format_tracestate(members, 11), "a=1,b=2,c=3");
  CAF_CHECK_EQUAL(format_tracestate(members, 10), "a=1,b=2");
  CAF_CHECK_EQUAL(format_tracestate(members, 2), "");
}

#define CAF_SUITE intake_json_scan
#include <caf/test/unit_test.hpp>

#include "runtime/core/intake/json_number.hpp"
#include "runtime/core/intake/json_scan.hpp"

using namespace eventpulse;
using namespace eventpulse::intake;

namespace {

// "" where the text is taken, else the fault as people see it.
std::string fault(std::string_view text, size_t max_depth = 64) {
  json_value value;
  json_error error;
  return scan_json(text, max_depth, value, error) ? "" : to_string(error);
}

json_error error_of(std::string_view text, size_t max_depth = 64) {
  json_value value;
  json_error error;
  CAF_REQUIRE(!scan_json(text, max_depth, value, error));
  return error;
}

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

} // namespace

CAF_TEST(members_are_given_in_order_with_their_exact_bytes) {
  std::string_view text =
      " {\"a\" : 1.50 ,\"b\":{ \"c\" : [1, 2] } , \"a\":\"x\\u0041\","
      "\"\\u0062\": null,\"e\":[ ],\"f\":{ },\"g\":true } ";
  json_value value;
  json_error error;
  CAF_REQUIRE(scan_json(text, 64, value, error));
  CAF_CHECK(value.span.kind == json_kind::object);
  CAF_CHECK_EQUAL(value.span.text, text.substr(1, text.size() - 2));
  CAF_REQUIRE_EQUAL(value.members.size(), 7u);
  auto check = [&](size_t i, std::string_view name, std::string_view bytes,
                   json_kind kind) {
    CAF_CHECK_EQUAL(value.members[i].name, name);
    CAF_CHECK_EQUAL(value.members[i].value.text, bytes);
    CAF_CHECK(value.members[i].value.kind == kind);
  };
  check(0, "a", "1.50", json_kind::number);
  check(1, "b", "{ \"c\" : [1, 2] }", json_kind::object);
  check(2, "a", "\"x\\u0041\"", json_kind::string);
  check(3, "\\u0062", "null", json_kind::null);
  check(4, "e", "[ ]", json_kind::array);
  check(5, "f", "{ }", json_kind::object);
  check(6, "g", "true", json_kind::boolean);
  CAF_CHECK(value.members[3].name_escaped);
  CAF_CHECK(!value.members[2].name_escaped);
}

CAF_TEST(every_kind_of_value_may_be_the_whole_text) {
  for (std::string_view text : {"null", "true", "false", "0", "-0", "-1.5E+3",
                                "\"\"", "[]", "{}", " 1 "})
    CAF_CHECK_EQUAL(fault(text), "");
}

CAF_TEST(faults_are_told_with_their_place) {
  CAF_CHECK_EQUAL(fault(""),
                  "expected a value, but the text ends at line 1, column 1");
  CAF_CHECK_EQUAL(fault("{\"a\":\n  tru}"),
                  "expected a value, but found 't' at line 2, column 3");
  CAF_CHECK_EQUAL(fault("[1,]"),
                  "expected a value, but found ']' at line 1, column 4");
  CAF_CHECK_EQUAL(fault("{\"ä\":1,}"),
                  "expected a member name in double quotes, but found '}' at "
                  "line 1, column 8");
  CAF_CHECK_EQUAL(fault("1 2"),
                  "expected the end of the text, but found '2' at line 1, "
                  "column 3");
  CAF_CHECK_EQUAL(fault("\x01"),
                  "expected a value, but found byte 0x01 at line 1, column 1");
}

CAF_TEST(faults_point_into_the_document) {
  CAF_CHECK_EQUAL(error_of("{\"a\":[1,{\"b\":x}]}").pointer, "/a/1/b");
  CAF_CHECK_EQUAL(error_of("{\"a/b\":{\"c~d\":x}}").pointer, "/a~1b/c~0d");
  CAF_CHECK_EQUAL(error_of("{\"\\u0061\":x}").pointer, "/a");
  CAF_CHECK_EQUAL(error_of("x").pointer, "");
  CAF_CHECK_EQUAL(error_of("{\"a\":1,x}").pointer, "");
  CAF_CHECK_EQUAL(error_of("[[],[[0,1e999]]]").pointer, "/1/0/1");
  CAF_CHECK_EQUAL(error_of("{\"a\":1e999}").offset, 5u);
  CAF_CHECK_EQUAL(pointer_fragment("/a b/\xc3\xa4~0"), "#/a%20b/%C3%A4~0");
}

CAF_TEST(depth_is_taken_at_the_limit_and_invalid_one_above) {
  CAF_CHECK_EQUAL(fault(nested(64)), "");
  auto error = error_of(nested(65));
  CAF_CHECK(error.code == errc::invalid);
  CAF_CHECK_EQUAL(error.offset, 64u);
  CAF_CHECK_EQUAL(fault("1", 0), "");
  CAF_CHECK(error_of("[]", 0).code == errc::invalid);
}

CAF_TEST(a_text_both_too_deep_and_broken_is_malformed) {
  CAF_CHECK(error_of(std::string(1'000'000, '[')).code == errc::malformed);
  CAF_CHECK(error_of(nested(100'000)).code == errc::invalid);
}

CAF_TEST(numbers_beyond_every_double_are_invalid_and_small_ones_are_zero) {
  auto is_finite = [](std::string text) { return is_finite_number(text); };
  CAF_CHECK(is_finite("1.7976931348623157e308"));
  CAF_CHECK(is_finite("-1.7976931348623158e308"));
  CAF_CHECK(!is_finite("1.7976931348623159e308"));
  CAF_CHECK(!is_finite("1e309"));
  CAF_CHECK(!is_finite("-1e400"));
  CAF_CHECK(!is_finite("1e99999999999999999999999999"));
  CAF_CHECK(is_finite("1e-99999999999999999999999999"));
  CAF_CHECK(is_finite("0e99999999999999999999"));
  CAF_CHECK(is_finite("0.0000000001e318"));
  CAF_CHECK(!is_finite("0.0000000001e319"));
  CAF_CHECK(is_finite("1" + std::string(308, '0')));
  CAF_CHECK(!is_finite("2" + std::string(308, '0')));
  CAF_CHECK(!is_finite("1" + std::string(309, '0')));
  CAF_CHECK(!is_finite("1" + std::string(100'000, '0')));
  CAF_CHECK(is_finite("1" + std::string(400, '0') + "e-400"));
  CAF_CHECK(is_finite("0." + std::string(100'000, '1')));
  CAF_CHECK(error_of("[1e400]").code == errc::invalid);
}

CAF_TEST(integers_of_32_bits_are_told_from_all_others) {
  CAF_CHECK_EQUAL(int32_of("2147483647").value_or(0), 2147483647);
  CAF_CHECK(!int32_of("2147483648"));
  CAF_CHECK_EQUAL(int32_of("-2147483648").value_or(0), INT32_MIN);
  CAF_CHECK(!int32_of("-2147483649"));
  CAF_CHECK_EQUAL(int32_of("-0").value_or(7), 0);
  CAF_CHECK(!int32_of("1.0"));
  CAF_CHECK(!int32_of("1e2"));
}

CAF_TEST(strings_must_be_utf8_and_surrogates_must_be_paired) {
  CAF_CHECK_EQUAL(fault("\"\\ud83d\\ude00 \xf0\x9f\x98\x80\""), "");
  for (std::string_view text : {"\"\\ud83d\"",
                                "\"\\ude00\"",
                                "\"\\ud83dx\"",
                                "\"\\ud83d\\n\"",
                                "\"\\ud83d\\ud83d\"",
                                "\"\\ud83d\\u12\"",
                                "\"\\u12g4\"",
                                "\"\\x\"",
                                "\"\\",
                                "\"\\u",
                                "\"\\u00",
                                "\"",
                                "\"a\nb\"",
                                "\"\xc0\x80\"",
                                "\"\xed\xa0\x80\"",
                                "\"\xf4\x90\x80\x80\"",
                                "\"\xe2\x82\"",
                                "\"\xff\"",
                                "\"\x80\"",
                                "\xef\xbb\xbf{}"}) {
    CAF_MESSAGE(fault(text));
    CAF_CHECK(error_of(text).code == errc::malformed);
  }
  CAF_CHECK(error_of(std::string_view("\"\\\0\"", 4)).code == errc::malformed);
}

CAF_TEST(a_fault_is_found_at_every_place_of_a_long_string) {
  // The scanner looks at eight bytes at once; each of them must count.
  for (size_t i = 0; i < 40; ++i) {
    for (char c : {'\x1f', '\x00', '\xff', '\\'}) {
      std::string text = '"' + std::string(40, 'a') + '"';
      text[1 + i] = c;
      CAF_CHECK_NOT_EQUAL(fault(text), "");
    }
    std::string text = '"' + std::string(40, '\x7f') + '"';
    CAF_CHECK_EQUAL(fault(text), "");
    text[1 + i] = '"';
    CAF_CHECK_NOT_EQUAL(fault(text), "");
  }
}

CAF_TEST(elements_are_given_one_by_one_and_bad_ones_do_not_stop_the_rest) {
  json_reader reader{" [ {\"a\":1} , [[]], 1e999 ,{} ] ", 1};
  json_value value;
  CAF_REQUIRE(reader.next_element(value) == json_reader::step::value);
  CAF_CHECK_EQUAL(value.span.text, "{\"a\":1}");
  CAF_CHECK_EQUAL(value.members.size(), 1u);
  CAF_REQUIRE(reader.next_element(value) == json_reader::step::value);
  CAF_REQUIRE(value.invalid.has_value());
  CAF_CHECK_EQUAL(value.invalid->pointer, "/1/0");
  CAF_REQUIRE(reader.next_element(value) == json_reader::step::value);
  CAF_REQUIRE(value.invalid.has_value());
  CAF_CHECK_EQUAL(value.invalid->pointer, "/2");
  CAF_REQUIRE(reader.next_element(value) == json_reader::step::value);
  CAF_CHECK(!value.invalid);
  CAF_CHECK(reader.next_element(value) == json_reader::step::end);
}

CAF_TEST(arrays_that_are_broken_between_elements_fail) {
  for (std::string_view text :
       {"[1 2]", "[1,]", "[,1]", "[1", "[1,", "[", "{}", "[] x", "[1] x", ""}) {
    json_reader reader{text, 64};
    json_value value;
    auto step = json_reader::step::value;
    while (step == json_reader::step::value)
      step = reader.next_element(value);
    CAF_MESSAGE(text);
    CAF_CHECK(step == json_reader::step::failed);
  }
}

CAF_TEST(no_cut_of_a_good_text_is_good_or_read_beyond) {
  std::string text =
      R"({"a":[1.5e3,true,null,"\u00e4\ud83d\ude00"],"b":{"c":"ä€😀"}})";
  CAF_REQUIRE_EQUAL(fault(text), "");
  for (size_t size = 0; size < text.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read past the end.
    std::string cut(text.data(), size);
    cut.shrink_to_fit();
    CAF_CHECK_NOT_EQUAL(fault(cut), "");
  }
}

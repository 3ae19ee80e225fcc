#define CAF_SUITE base_utf8
#include <caf/test/unit_test.hpp>

#include "runtime/core/base/json_text.hpp"
#include "runtime/core/base/utf8.hpp"

using namespace eventpulse;

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

} // namespace

CAF_TEST(every_scalar_value_is_written_and_read_back) {
  size_t wrong = 0;
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff)
      continue;
    std::string text;
    append_utf8(text, c);
    char32_t back = 0;
    auto length = utf8_take(text, 0, back);
    wrong += length != text.size() || back != c ? 1 : 0;
  }
  CAF_CHECK_EQUAL(wrong, 0u);
}

CAF_TEST(bytes_that_are_no_utf8_are_refused) {
  for (std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41",
        "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xfe", "\xff"})
    CAF_CHECK(!is_utf8(text));
  CAF_CHECK(is_utf8(""));
  CAF_CHECK(is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"));
}

CAF_TEST(a_prefix_never_cuts_a_character) {
  std::string_view text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
  for (size_t size = 0; size <= text.size() + 1; ++size) {
    auto prefix = utf8_prefix(text, size);
    CAF_CHECK(is_utf8(prefix));
    CAF_CHECK(prefix.size() <= size);
    CAF_CHECK(prefix.size() + 4 > size || prefix == text);
  }
}

CAF_TEST(json_strings_escape_what_they_must_and_nothing_else) {
  CAF_CHECK_EQUAL(quoted(""), "\"\"");
  CAF_CHECK_EQUAL(quoted("a/b\x7f\xc3\xa4"), "\"a/b\x7f\xc3\xa4\"");
  CAF_CHECK_EQUAL(quoted("\"\\\n\r\t\b\x1f"), R"("\"\\\n\r\t\u0008\u001f")");
  CAF_CHECK_EQUAL(quoted(std::string_view("\0", 1)), R"("\u0000")");
}

CAF_TEST(json_strings_come_back_as_they_went) {
  std::string text = "\xf0\x9f\x98\x80\xc3\xa4";
  for (int c = 0; c < 0x80; ++c)
    text += static_cast<char>(c);
  auto json = quoted(text);
  CAF_CHECK(unescape_json_string(
                std::string_view{json}.substr(1, json.size() - 2)) == text);
}

CAF_TEST(every_escape_of_json_is_undone) {
  CAF_CHECK_EQUAL(unescape_json_string(R"(\"\\\/\b\f\n\r\t)"),
                  "\"\\/\b\f\n\r\t");
  CAF_CHECK_EQUAL(unescape_json_string(R"(\u0041\u00e4\u20AC\uD83D\ude00)"),
                  "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
}

#include "runtime/core/base/utf8.hpp"
#include "runtime/core/intake/json_number.hpp"
#include "runtime/core/intake/json_scan.hpp"

#include <cstring>

// The part of json_reader that reads strings, numbers and literals; the
// structure around them is in json_scan.cpp.

namespace eventpulse::intake {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether one of the eight bytes needs a closer look: a quote, a backslash, a
// control character, or no ASCII. (Zero-byte test after Hacker's Delight 6-1.)
bool needs_a_look(uint64_t word) {
  constexpr uint64_t ones = 0x0101010101010101;
  constexpr uint64_t highs = 0x8080808080808080;
  auto has_zero = [&](uint64_t x) { return (x - ones) & ~x & highs; };
  auto below_space = (word - ones * 0x20) & ~word & highs;
  return ((word & highs) | below_space | has_zero(word ^ (ones * '"')) |
          has_zero(word ^ (ones * '\\'))) != 0;
}

// The first byte at or after `at` that a string scanner must look at.
size_t skip_plain(std::string_view text, size_t at) {
  uint64_t word = 0;
  for (; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (needs_a_look(word))
      break;
  }
  return at;
}

} // namespace

bool json_reader::read_literal(std::string_view literal) {
  if (!text_.substr(at_).starts_with(literal))
    return fail_expecting("a value");
  at_ += literal.size();
  return true;
}

bool json_reader::read_number(json_value& out) {
  auto begin = at_;
  auto digits = [&] {
    auto first = at_;
    while (at_ < text_.size() && is_digit(text_[at_]))
      ++at_;
    return at_ > first;
  };
  if (is_next('-'))
    ++at_;
  if (is_next('0'))
    ++at_; // a further digit is then no part of the number
  else if (!digits())
    return fail_expecting("a digit");
  if (is_next('.')) {
    ++at_;
    if (!digits())
      return fail_expecting("a digit");
  }
  if (is_next('e') || is_next('E')) {
    ++at_;
    if (is_next('+') || is_next('-'))
      ++at_;
    if (!digits())
      return fail_expecting("a digit");
  }
  if (!out.invalid && !is_finite_number(text_.substr(begin, at_ - begin)))
    out.invalid =
        make_error(errc::invalid, "a number beyond every double", begin);
  return true;
}

bool json_reader::read_string(bool& escaped) {
  ++at_; // the quote
  char32_t ignored = 0;
  for (;;) {
    at_ = skip_plain(text_, at_);
    if (at_ >= text_.size())
      return fail("a string is not closed");
    auto c = static_cast<uint8_t>(text_[at_]);
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c == '\\') {
      escaped = true;
      if (!read_escape())
        return false;
    } else if (c < 0x20) {
      return fail("a control character in a string is not escaped");
    } else {
      auto length = utf8_take(text_, at_, ignored);
      if (length == 0)
        return fail("not UTF-8");
      at_ += length;
    }
  }
}

bool json_reader::read_escape() {
  auto begin = at_;
  ++at_;
  if (at_ >= text_.size())
    return fail("a string is not closed");
  char c = text_[at_];
  if (std::strchr("\"\\/bfnrt", c) != nullptr && c != '\0') {
    ++at_;
    return true;
  }
  uint32_t unit = 0;
  if (c != 'u' || !read_hex4(unit)) {
    at_ = begin;
    return fail("no such escape");
  }
  bool is_high = unit >= 0xd800 && unit <= 0xdbff;
  bool is_low = unit >= 0xdc00 && unit <= 0xdfff;
  if (is_high && text_.substr(at_).starts_with("\\u")) {
    ++at_;
    is_high = !read_hex4(unit) || unit < 0xdc00 || unit > 0xdfff;
  }
  if (is_high || is_low) {
    at_ = begin;
    return fail("an escaped surrogate without its partner");
  }
  return true;
}

// Four hex digits after the 'u' at the current place.
bool json_reader::read_hex4(uint32_t& out) {
  ++at_;
  if (text_.size() - at_ < 4)
    return false;
  out = 0;
  for (auto end = at_ + 4; at_ < end; ++at_) {
    char c = text_[at_];
    char lower = static_cast<char>(c | 0x20);
    if (is_digit(c))
      out = out << 4 | static_cast<uint32_t>(c - '0');
    else if (lower >= 'a' && lower <= 'f')
      out = out << 4 | static_cast<uint32_t>(lower - 'a' + 10);
    else
      return false;
  }
  return true;
}

} // namespace eventpulse::intake

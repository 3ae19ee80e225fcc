#include "runtime/core/intake/json_scan.hpp"

#include "runtime/core/base/json_text.hpp"

namespace eventpulse::intake {

namespace {

// What stands at `at`, for people.
std::string found(std::string_view text, size_t at) {
  if (at >= text.size())
    return "the text ends";
  auto c = static_cast<uint8_t>(text[at]);
  if (c > 0x20 && c < 0x7f)
    return std::string{"found '"} + text[at] + '\'';
  constexpr char hex[] = "0123456789abcdef";
  return std::string{"found byte 0x"} + hex[c >> 4] + hex[c & 15];
}

std::optional<json_kind> kind_by_first_byte(char c) {
  switch (c) {
  case '{':
    return json_kind::object;
  case '[':
    return json_kind::array;
  case '"':
    return json_kind::string;
  case 't':
  case 'f':
    return json_kind::boolean;
  case 'n':
    return json_kind::null;
  default:
    if (c == '-' || (c >= '0' && c <= '9'))
      return json_kind::number;
    return std::nullopt;
  }
}

} // namespace

std::string_view describe(json_kind kind) noexcept {
  switch (kind) {
  case json_kind::null:
    return "null";
  case json_kind::boolean:
    return "a boolean";
  case json_kind::number:
    return "a number";
  case json_kind::string:
    return "a string";
  case json_kind::array:
    return "an array";
  case json_kind::object:
    return "an object";
  }
  return "a value";
}

std::string to_string(const json_error& error) {
  return error.detail + " at line " + std::to_string(error.line) + ", column " +
         std::to_string(error.column);
}

json_reader::json_reader(std::string_view text, size_t max_depth)
    : text_(text), max_depth_(max_depth) {}

std::optional<json_kind> json_reader::peek() {
  skip_space();
  if (at_ >= text_.size())
    return std::nullopt;
  return kind_by_first_byte(text_[at_]);
}

json_reader::step json_reader::whole(json_value& out) {
  return read_value(out) && read_end() ? step::value : step::failed;
}

json_reader::step json_reader::next_element(json_value& out) {
  skip_space();
  if (!element_) {
    if (!is_next('[')) {
      fail_expecting("'['");
      return step::failed;
    }
    ++at_;
    skip_space();
    element_ = 0;
    if (is_next(']')) {
      ++at_;
      return read_end() ? step::end : step::failed;
    }
  } else if (is_next(']')) {
    ++at_;
    return read_end() ? step::end : step::failed;
  } else if (is_next(',')) {
    ++at_;
    ++*element_;
  } else {
    fail_expecting("',' or ']'");
    return step::failed;
  }
  return read_value(out) ? step::value : step::failed;
}

// -- values ------------------------------------------------------------------

bool json_reader::read_value(json_value& out) {
  out.members.clear();
  out.invalid.reset();
  levels_.clear();
  frames_.clear();
  skip_space();
  auto begin = at_;
  auto kind = peek();
  auto next = expect::value;
  do {
    bool ok = false;
    switch (next) {
    case expect::value:
      ok = read_scalar_or_open(out, next);
      break;
    case expect::key:
      ok = read_key(out);
      next = expect::value;
      break;
    case expect::after_value:
      ok = read_after_value(out, next);
      break;
    }
    if (!ok)
      return false;
  } while (next != expect::after_value || !levels_.empty());
  out.span = {text_.substr(begin, at_ - begin), *kind};
  return true;
}

bool json_reader::read_scalar_or_open(json_value& out, expect& next) {
  auto kind = peek();
  if (!kind)
    return fail_expecting("a value");
  if (levels_.size() == 1) {
    member_begin_ = at_;
    member_kind_ = *kind;
  }
  next = expect::after_value;
  bool escaped = false;
  switch (*kind) {
  case json_kind::null:
    return read_literal("null");
  case json_kind::boolean:
    return read_literal(text_[at_] == 't' ? "true" : "false");
  case json_kind::number:
    return read_number(out);
  case json_kind::string:
    return read_string(escaped);
  case json_kind::array:
    open('[', out);
    skip_space();
    if (is_next(']'))
      close();
    else
      next = expect::value;
    return true;
  case json_kind::object:
    open('{', out);
    skip_space();
    if (is_next('}'))
      close();
    else
      next = expect::key;
    return true;
  }
  return false;
}

bool json_reader::read_key(json_value& out) {
  if (levels_.size() <= frames_.size())
    frames_[levels_.size() - 1].key = {};
  skip_space();
  if (!is_next('"'))
    return fail_expecting("a member name in double quotes");
  auto begin = at_ + 1;
  bool escaped = false;
  if (!read_string(escaped))
    return false;
  auto name = text_.substr(begin, at_ - 1 - begin);
  if (levels_.size() <= frames_.size())
    frames_[levels_.size() - 1].key = name;
  if (levels_.size() == 1)
    out.members.push_back({name, escaped, {}});
  skip_space();
  if (!is_next(':'))
    return fail_expecting("':'");
  ++at_;
  return true;
}

// Called inside an array or object only: what follows one of its values.
bool json_reader::read_after_value(json_value& out, expect& next) {
  bool in_object = levels_.back() == '{';
  if (in_object && levels_.size() == 1)
    out.members.back().value = {
        text_.substr(member_begin_, at_ - member_begin_), member_kind_};
  skip_space();
  if (is_next(in_object ? '}' : ']')) {
    close();
    return true;
  }
  if (!is_next(','))
    return fail_expecting(in_object ? "',' or '}'" : "',' or ']'");
  ++at_;
  if (!in_object && levels_.size() <= frames_.size())
    ++frames_[levels_.size() - 1].index;
  next = in_object ? expect::key : expect::value;
  return true;
}

void json_reader::open(char bracket, json_value& out) {
  // Only the first level too deep is a fault to tell; the rest is read on.
  if (levels_.size() == max_depth_ && !out.invalid)
    out.invalid = make_error(
        errc::invalid,
        "nested deeper than " + std::to_string(max_depth_) + " levels", at_);
  levels_ += bracket;
  if (levels_.size() <= max_depth_) {
    frames_.resize(levels_.size());
    frames_.back() = {};
  }
  ++at_;
}

void json_reader::close() {
  ++at_;
  if (frames_.size() == levels_.size())
    frames_.pop_back();
  levels_.pop_back();
}

// -- places ------------------------------------------------------------------

bool json_reader::read_end() {
  skip_space();
  return at_ == text_.size() || fail_expecting("the end of the text");
}

void json_reader::skip_space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' ||
                                text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
}

bool json_reader::fail(std::string detail) {
  error_ = make_error(errc::malformed, std::move(detail), at_);
  return false;
}

bool json_reader::fail_expecting(std::string_view what) {
  return fail("expected " + std::string{what} + ", but " + found(text_, at_));
}

void json_reader::count_lines(size_t offset) {
  if (offset < counted_) {
    counted_ = 0;
    line_ = 1;
    column_ = 1;
  }
  for (; counted_ < offset && counted_ < text_.size(); ++counted_) {
    auto c = static_cast<uint8_t>(text_[counted_]);
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((c & 0xc0) != 0x80) {
      ++column_;
    }
  }
}

json_error json_reader::make_error(errc code, std::string detail,
                                   size_t offset) {
  count_lines(offset);
  json_error error{code, std::move(detail), offset, line_, column_, {}};
  if (element_)
    append_pointer_token(error.pointer, std::to_string(*element_));
  for (size_t i = 0; i < frames_.size() && i < levels_.size(); ++i) {
    if (levels_[i] == '[')
      append_pointer_token(error.pointer, std::to_string(frames_[i].index));
    else if (frames_[i].key.data() != nullptr)
      append_pointer_token(error.pointer, unescape_json_string(frames_[i].key));
  }
  return error;
}

bool scan_json(std::string_view text, size_t max_depth, json_value& out,
               json_error& error) {
  json_reader reader{text, max_depth};
  if (reader.whole(out) == json_reader::step::failed) {
    error = reader.error();
    return false;
  }
  if (out.invalid) {
    error = *out.invalid;
    return false;
  }
  return true;
}

} // namespace eventpulse::intake

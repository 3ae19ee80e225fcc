#pragma once
// One validating pass over JSON text, without a document model (RFC 8259).
// Intake finds with it the members of an event and the exact bytes of `data`;
// the stream decoder reads its header with it.
// Refuses as malformed: any departure from the grammar, a byte order mark,
// bytes that are not UTF-8 (RFC 3629), escaped surrogates without a partner.
// Refuses as invalid, but reads on, so that one bad element of an array does
// not condemn its neighbours: nesting over max_depth, numbers that no finite
// double is near (1e400). Duplicate names are kept; the caller decides.
// Iterative: memory is a byte a level of nesting beyond max_depth.

#include "messages/errc.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::intake {

enum class json_kind : uint8_t { null, boolean, number, string, array, object };

/// "a string", "an object": for messages to people.
std::string_view describe(json_kind kind) noexcept;

/// A value by its exact bytes, without white space around it.
struct json_span {
  std::string_view text;
  json_kind kind = json_kind::null;
};

struct json_member {
  std::string_view name;     // between the quotes
  bool name_escaped = false; // `name` holds backslash escapes
  json_span value;
};

struct json_error {
  errc code = errc::malformed; // or invalid
  std::string detail;          // without the place
  size_t offset = 0;           // bytes before the fault
  size_t line = 1;
  size_t column = 1;   // in characters
  std::string pointer; // RFC 6901, "/data/3"; "" is the whole text
};

/// "expected a value at line 2, column 7".
std::string to_string(const json_error& error);

/// A value, and where it is an object its members, in order. Spans point into
/// the scanned text.
struct json_value {
  json_span span;
  std::vector<json_member> members;
  std::optional<json_error> invalid; // the first fault of that class
};

/// Reads one text from front to end: either one value, or one array element
/// by element. After a `failed` only error() may be called.
class json_reader {
public:
  enum class step : uint8_t { value, end, failed };

  json_reader(std::string_view text, size_t max_depth);

  /// The kind that the next value will have by its first byte; nullopt where
  /// no value starts.
  std::optional<json_kind> peek();

  /// The one value of the text. Never `end`.
  step whole(json_value& out);

  /// Called instead of whole() until it says `end`: the elements of the array
  /// that the text is. Depth is counted from each element.
  step next_element(json_value& out);

  const json_error& error() const { return error_; }

private:
  struct frame {
    std::string_view key; // where the level is an object
    size_t index = 0;     // where it is an array
  };

  enum class expect : uint8_t { value, key, after_value };

  bool read_value(json_value& out);
  bool read_scalar_or_open(json_value& out, expect& next);
  bool read_key(json_value& out);
  bool read_after_value(json_value& out, expect& next);
  bool read_string(bool& escaped);
  bool read_escape();
  bool read_hex4(uint32_t& out);
  bool read_number(json_value& out);
  bool read_literal(std::string_view literal);
  bool read_end();
  void open(char bracket, json_value& out);
  void close();
  void skip_space();
  bool is_next(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool fail(std::string detail);
  bool fail_expecting(std::string_view what);
  json_error make_error(errc code, std::string detail, size_t offset);
  void count_lines(size_t offset);

  std::string_view text_;
  size_t max_depth_;
  size_t at_ = 0;
  std::string levels_;        // '{' or '[', one for each open level
  std::vector<frame> frames_; // of the first max_depth levels
  size_t member_begin_ = 0;   // of the value of the member being read
  json_kind member_kind_ = json_kind::null;
  std::optional<size_t> element_; // next_element() was called
  // Lines are counted on from the fault before, or many bad elements would
  // take quadratic time.
  size_t counted_ = 0;
  size_t line_ = 1;
  size_t column_ = 1;
  json_error error_;
};

/// The one value that `text` is, white space around it allowed; otherwise
/// false, and why.
bool scan_json(std::string_view text, size_t max_depth, json_value& out,
               json_error& error);

/// "/a~b" as the URI fragment "#/a~b" with what a fragment forbids encoded.
std::string pointer_fragment(std::string_view pointer);

/// Appends "/token", escaped as RFC 6901 section 3 says.
void append_pointer_token(std::string& pointer, std::string_view token);

} // namespace eventpulse::intake

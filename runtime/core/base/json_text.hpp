#pragma once
// JSON strings (RFC 8259 section 7), written and read without a document
// model. Used where JSON is assembled or taken apart by spans.

#include <string>
#include <string_view>

namespace eventpulse {

/// Appends `text`, which must be UTF-8, as a JSON string with its quotes.
/// Escapes what must be escaped and nothing else.
void append_json_string(std::string& out, std::string_view text);

/// The text of a JSON string whose inside, between the quotes, is `inside`.
/// `inside` must have been validated: what is not an escape is copied.
std::string unescape_json_string(std::string_view inside);

/// Appends `code_point`, which must be a Unicode scalar value, as UTF-8.
void append_utf8(std::string& out, char32_t code_point);

} // namespace eventpulse

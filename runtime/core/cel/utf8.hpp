#pragma once
// Code points of UTF-8 text. CEL strings are sequences of code points; size,
// indexes and escapes count them. Bytes that are no UTF-8 count one each, so
// that no input can break an index.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::cel {

/// Bytes of the code point that begins at `at` (1 for an invalid byte).
size_t code_point_bytes(std::string_view text, size_t at);
/// The code point at `at`; an invalid byte is U+FFFD.
uint32_t code_point_at(std::string_view text, size_t at);
size_t code_point_count(std::string_view text);
/// Whether all of it is well-formed (no surrogates, no overlong forms).
bool is_utf8(std::string_view text);
void append_utf8(std::string& out, uint32_t code_point);
/// The byte offset of every code point, and text.size() at the end.
std::vector<size_t> code_point_offsets(std::string_view text);

} // namespace eventpulse::cel

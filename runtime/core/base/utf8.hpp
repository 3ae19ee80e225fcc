#pragma once
// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above
// U+10FFFF. Used wherever text comes from outside.

#include <cstddef>
#include <string_view>

namespace eventpulse {

/// The length of the character that starts at `text[at]`, and the character in
/// `out`; 0 where the bytes are no UTF-8. `at` must be inside `text`.
size_t utf8_take(std::string_view text, size_t at, char32_t& out) noexcept;

/// The longest prefix of `text` of at most `size_max` bytes that does not cut
/// a character in two. `text` must be UTF-8.
std::string_view utf8_prefix(std::string_view text, size_t size_max) noexcept;

bool is_utf8(std::string_view text) noexcept;

} // namespace eventpulse

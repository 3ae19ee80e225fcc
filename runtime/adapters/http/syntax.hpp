#pragma once
// Character classes and small texts of RFC 9110 and RFC 3986 that the readers
// share. Everything works on octets and knows no locale.

#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::http {

/// tchar (RFC 9110 section 5.6.2).
bool is_token_char(unsigned char c) noexcept;
bool is_token(std::string_view text) noexcept;

/// field-content: visible characters, space, tab and obs-text (section 5.5).
bool is_field_value(std::string_view text) noexcept;

/// A control character that no line of a message may hold; tab may.
bool is_control(unsigned char c) noexcept;

bool is_digit(unsigned char c) noexcept;
bool is_hex_digit(unsigned char c) noexcept;
bool is_alpha(unsigned char c) noexcept;

/// unreserved and sub-delims of RFC 3986.
bool is_unreserved(unsigned char c) noexcept;
bool is_sub_delim(unsigned char c) noexcept;

/// Without the spaces and tabs at both ends.
std::string_view trim(std::string_view text) noexcept;

/// Equal but for ASCII case.
bool same_token(std::string_view a, std::string_view b) noexcept;

/// The elements of a comma-separated list without the empty ones, which RFC
/// 9110 section 5.6.1.2 tells recipients to ignore. Knows no quoted strings.
std::vector<std::string_view> list_elements(std::string_view value);

/// `character 0x7f`, to name an octet in a detail without repeating it.
std::string octet_name(unsigned char c);

} // namespace eventpulse::http

#pragma once
// Media types (RFC 2046, RFC 9110 section 8.3): "type/subtype; name=value".
// Used to tell the content mode of a request and to check datacontenttype.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventpulse::intake {

struct media_type {
  std::string type;    // lower case
  std::string subtype; // lower case
  /// Names in lower case, values unquoted and as received.
  std::vector<std::pair<std::string, std::string>> parameters;
};

/// nullopt where `text`, white space around it aside, is no media type.
std::optional<media_type> parse_media_type(std::string_view text);

/// "*/json" or "*/*+json" (CloudEvents JSON format, section 3.1).
bool is_json(const media_type& type);

/// False where a charset parameter names anything but UTF-8.
bool is_utf8_charset(const media_type& type);

/// Without spaces and tabs around it (RFC 9110 section 5.6.3).
std::string_view trim_space(std::string_view text);

/// ASCII letters in lower case.
std::string lower_case(std::string_view text);

} // namespace eventpulse::intake

#pragma once
// The `format`s that are checked (JSON Schema 2020-12 validation, section 7.3):
// date-time, date, time, email, hostname, ipv4, ipv6, uri, uri-reference, uuid,
// json-pointer, regex.

#include <string_view>

namespace eventpulse::schema {

using format_check = bool (*)(std::string_view text);

/// nullptr: it is not checked here.
format_check find_format(std::string_view name) noexcept;

/// "date-time, date, …", for messages.
std::string_view format_names() noexcept;

} // namespace eventpulse::schema

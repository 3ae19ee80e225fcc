#pragma once
// libpq's connection strings, of both forms (PostgreSQL manual, "Connection
// Strings"), with what settings add to them.

#include <string>

namespace eventpulse::postgres {

/// `url` with this password; unchanged where it is empty. It wins over one in
/// the URL.
std::string with_password(const std::string& url, const std::string& password);

/// "postgresql://…", not "key=value …".
bool is_uri(const std::string& url);

/// As RFC 3986 wants it in a component.
std::string percent_encoded(const std::string& text);

} // namespace eventpulse::postgres

#pragma once
// The last net under "secrets never reach a log": masks what looks like one.
// The first is not to log them; this catches the password inside a connection
// string that a driver put into its error text. Pure.

#include <string>
#include <string_view>

namespace eventpulse {

/// Whether a field of this name must never show its value: it holds "secret",
/// "password", "passwd", "token", "authorization", "cookie", "api_key",
/// "apikey", "admin_key", "private_key" or "credential", in any case.
bool names_a_secret(std::string_view key) noexcept;

/// `text` with these replaced by "***": the user info of URLs
/// (`scheme://…@`), the value of `password=` and its like, bearer tokens, our
/// API keys (`ep_…`) and webhook secrets (`whsec_…`).
std::string redact(std::string_view text);

} // namespace eventpulse

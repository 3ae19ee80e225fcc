#pragma once
// An attribute's value out of its HTTP header (CloudEvents HTTP binding 1.0,
// section 3.1.3.2): double-quoted parts are unquoted, then exactly one round of
// percent-decoding. Used in binary mode.

#include <optional>
#include <string>
#include <string_view>

namespace eventpulse::intake {

/// nullopt where a quote is not closed. A '%' that starts no percent-encoding
/// stands for itself. The bytes that come out may be no UTF-8; the caller
/// checks.
std::optional<std::string> decode_header_value(std::string_view value);

} // namespace eventpulse::intake

#pragma once
// What a JSON number can be held by. Used by the scanner and the event parser;
// the texts must already have RFC 8259's number grammar.

#include <cstdint>
#include <optional>
#include <string_view>

namespace eventpulse::intake {

/// False where the nearest double would be infinite ("1e400"). Numbers too
/// small for a double are finite: they are near 0.
bool is_finite_number(std::string_view number);

/// The CloudEvents Integer that `number` is: digits only, 32 bits, signed.
std::optional<int32_t> int32_of(std::string_view number);

} // namespace eventpulse::intake

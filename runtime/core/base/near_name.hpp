#pragma once
// "Did you mean": the known name nearest to a mistyped one. Used wherever a
// user names something (settings, flags, commands, fields). Pure.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace eventpulse {

/// The candidate at the least edit distance (insert, delete, replace, swap of
/// neighbours: optimal string alignment), the first of equals. nullopt where
/// even the nearest needs more than a third of the letters changed, since a
/// far-fetched suggestion is worse than none.
std::optional<std::string_view>
near_name(std::string_view wanted, std::span<const std::string_view> known);

/// "; did you mean 'x'?", or nothing.
std::string near_name_hint(std::string_view wanted,
                           std::span<const std::string_view> known);

} // namespace eventpulse

#pragma once
// The parts of a request target (RFC 3986): path segments and query parameters,
// percent-decoded once. Used by the control routes.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventpulse::intake {

/// nullopt for a broken escape or what is not UTF-8 afterwards. '+' stays.
std::optional<std::string> percent_decode(std::string_view text);

/// "/v1/rules/a%2Fb" gives {"v1", "rules", "a/b"}; nullopt as above.
std::optional<std::vector<std::string>> split_path(std::string_view path);

using query_parameters = std::vector<std::pair<std::string, std::string>>;

/// '+' is a space in values; a parameter without '=' has an empty value.
std::optional<query_parameters> split_query(std::string_view query);

} // namespace eventpulse::intake

#pragma once
// The URI grammar of RFC 3986 as far as CloudEvents needs it: whether a text
// is a URI or a URI-reference. Used for `source` and `dataschema`. Pure syntax:
// nothing is normalised or resolved.

#include <string>
#include <string_view>

namespace eventpulse::intake {

/// RFC 3986 section 4.1: a URI or a relative reference. The empty text, which
/// the RFC allows, is true here too; CloudEvents forbids it elsewhere.
bool is_uri_reference(std::string_view text) noexcept;

/// RFC 3986 section 3: has a scheme.
bool is_uri(std::string_view text) noexcept;

/// `name` where it is a URI-reference, else with what it may not hold
/// percent-encoded: an API key's name as a `source`.
std::string uri_reference_of(std::string_view name);

} // namespace eventpulse::intake

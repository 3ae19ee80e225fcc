#pragma once
// How the audit shows a thing that was changed: JSON text in the API's names,
// without secrets and without hashes of keys. Pure; used by every store that
// keeps audit entries, so that all say the same.

#include "messages/api_key.hpp"
#include "messages/delivery.hpp"
#include "messages/rule.hpp"

#include <string>

namespace eventpulse {

/// The rule's document with its version; empty for a tombstone.
std::string audit_view(const rule_version& v);

/// How many secrets it has and whether the newest is another than `before`'s,
/// never what they are.
std::string audit_view(const channel& c, const channel* before = nullptr);

std::string audit_view(const api_key& k);

/// What a change by hand can touch of a delivery.
std::string audit_view(const delivery& d);

} // namespace eventpulse

#pragma once
// A rule document as people keep it in a file: YAML, a line a field. Used by
// `rules pull`. parse_rule_yaml gives back the same content.

#include "runtime/core/rules/document.hpp"

#include <string>

namespace eventpulse {

/// The canonical fields in block style; texts are quoted as JSON quotes them.
std::string to_yaml(const rule_document& document);

} // namespace eventpulse

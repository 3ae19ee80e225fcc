#pragma once
// What changed between two rule documents, field by field, in the canonical
// form that is stored. Used by the history of a rule and by `rules diff`.

#include "runtime/core/rules/document.hpp"

#include <string>
#include <vector>

namespace eventpulse {

/// One value that differs. An array is compared element by element.
struct document_change {
  std::string pointer; // RFC 6901
  std::string before;  // JSON; empty: it was not there
  std::string after;   // JSON; empty: it is not there

  friend bool operator==(const document_change&,
                         const document_change&) = default;
};

/// In the order of the canonical fields; empty where both say the same.
std::vector<document_change> diff_documents(const rule_document& before,
                                            const rule_document& after);

/// "- /window/size: \"5m\"" and "+ /window/size: \"10m\"", a line a side.
std::string to_string(const document_change& change);

} // namespace eventpulse

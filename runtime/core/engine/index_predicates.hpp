#pragma once
// What a rule's `when` demands of every event it can match, as facts that a
// hash table can answer: this path of the event has one of these values, begins
// with this text, is there at all. Taken from the top-level conjuncts, which
// must all be true (an error in one is no match either). Used by rule_index.

#include "runtime/core/cel/ast.hpp"

#include <optional>

namespace eventpulse {

/// {"type"}, {"data", "card"}: selections from `event`.
using event_path = std::vector<std::string>;

struct index_predicate {
  enum class kind : uint8_t { one_of, prefix, exists };
  kind what = kind::exists;
  event_path path;
  std::vector<uint64_t> hashes; // of values, or of the one prefix
  size_t prefix_bytes = 0;
};

std::vector<index_predicate> index_predicates(const cel::ast& when);

/// Equal values have equal hashes, whatever their numeric types; nullopt for
/// values that are not indexed.
std::optional<uint64_t> index_hash(const cel::value& v);
uint64_t index_hash(std::string_view text);

} // namespace eventpulse

#pragma once
// The macros of CEL: has, all, exists, exists_one, map, filter (langdef.md,
// "Macros"), their two-variable forms, cel.bind, optMap and optFlatMap. A macro
// call becomes a node of its own kind in place.

#include "runtime/core/cel/ast.hpp"

namespace eventpulse::cel {

struct macro_problem {
  size_t offset;
  std::string message;
};

/// Rewrites node `call` when it is a macro call; a problem when it is one with
/// wrong arguments. `test_blocks` adds cel.block and its companions.
std::optional<macro_problem> expand_macro(ast& tree, node_id call,
                                          bool test_blocks);

/// Their names, for "did you mean".
const std::vector<std::string>& macro_names();

} // namespace eventpulse::cel

#pragma once
// Source to syntax tree, macros expanded. Used by compile(), and by the rule
// compiler, which looks for aggregate calls before anything is checked. Refuses
// what is no CEL or exceeds the limits of base/limits.hpp; a syntax error ends
// the parse, since whatever follows it would be guesswork.

#include "runtime/core/cel/ast.hpp"
#include "runtime/core/cel/diagnostic.hpp"

#include <variant>

namespace eventpulse::cel {

struct parse_options {
  bool macros = true;
  /// cel.block, cel.index, cel.iterVar: macros that test optimisers.
  bool test_blocks = false;
};

std::variant<ast, diagnostic> parse(std::string_view source,
                                    const parse_options& options = {});

} // namespace eventpulse::cel

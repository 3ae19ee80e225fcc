#pragma once
// String and bytes literals of CEL: prefixes, quotes, escapes. Used by the
// lexer alone.

#include "runtime/core/cel/value.hpp"

namespace eventpulse::cel {

struct string_literal {
  value constant;      // string or bytes
  size_t end = 0;      // first byte after it
  std::string problem; // empty: it is good
  size_t problem_at = 0;
};

/// Reads the literal whose prefix or quote is at `at` of `source`.
string_literal read_string_literal(std::string_view source, size_t at);

} // namespace eventpulse::cel

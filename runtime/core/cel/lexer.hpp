#pragma once
// Splits CEL source into tokens (langdef.md, "Syntax"). Literals come out with
// their value. Used by the parser alone.

#include "runtime/core/cel/diagnostic.hpp"
#include "runtime/core/cel/value.hpp"

#include <optional>
#include <variant>

namespace eventpulse::cel {

enum class token_kind : uint8_t {
  end,
  identifier,
  quoted_identifier, // `a.b`
  keyword_in,        // the only keyword that is no literal
  integer,           // text: digits as written, sign not included
  literal,           // constant holds it
  symbol,            // text: "(", "&&", "?."…
};

struct token {
  token_kind kind = token_kind::end;
  size_t begin = 0;
  size_t end = 0;
  std::string_view text;
  value constant;

  bool is(std::string_view symbol) const {
    return kind == token_kind::symbol && text == symbol;
  }
};

/// All tokens, the last one of kind end; or the first thing that is no token.
std::variant<std::vector<token>, diagnostic> tokenize(std::string_view source);

/// The value of the digits (decimal or 0x) with their sign; nullopt when it
/// does not fit.
std::optional<int64_t> integer_value(std::string_view digits, bool negative);

bool is_reserved(std::string_view name);

} // namespace eventpulse::cel

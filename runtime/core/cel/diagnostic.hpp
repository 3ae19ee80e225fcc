#pragma once
// What is wrong with an expression, where, and what was probably meant. Made by
// the lexer, parser and checker, shown to authors of rules.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::cel {

struct diagnostic {
  size_t offset = 0; // in bytes
  int line = 1;
  int column = 1; // in code points
  std::string message;
  std::string hint; // may be empty: "did you mean 'amount'?"

  friend bool operator==(const diagnostic&, const diagnostic&) = default;
};

/// With line and column computed from `offset`.
diagnostic make_diagnostic(std::string_view source, size_t offset,
                           std::string message, std::string hint = {});

/// Three lines: position and message, the line of the source (shortened when
/// it is long), a caret below.
std::string render(std::string_view source, const diagnostic& d);

/// The candidate nearest to `name`, or empty when none is near: at most a third
/// of its letters are wrong, and at most three.
std::string nearest(std::string_view name,
                    const std::vector<std::string>& candidates);

/// "did you mean 'x'?", or empty.
std::string did_you_mean(std::string_view name,
                         const std::vector<std::string>& candidates);

} // namespace eventpulse::cel

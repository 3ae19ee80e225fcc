#pragma once
// Which overload of a function a call means, and what to tell the author when
// it means none. Used by the checker.

#include "runtime/core/cel/ast.hpp"
#include "runtime/core/cel/functions.hpp"
#include "runtime/core/cel/unifier.hpp"

namespace eventpulse::cel {

struct call_match {
  std::optional<type> result; // none: no overload fits
  std::string message;
  std::string hint;
};

/// Binds type variables of `types`. Where several overloads fit and differ in
/// their results, the result is dyn.
call_match match_call(unifier& types, const function& callee, const node& call,
                      const std::vector<type>& arguments);

/// "_+_" as people write it: "+".
std::string operator_text(std::string_view name);

} // namespace eventpulse::cel

#pragma once
// The functions of CEL: what the checker may know of them (overloads) and what
// the interpreter calls (one body a name, which looks at its arguments). The
// standard library is one immutable table; environments add to it.

#include "runtime/core/cel/budget.hpp"
#include "runtime/core/cel/type.hpp"
#include "runtime/core/cel/value.hpp"
#include "runtime/core/cel/zones.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace eventpulse::cel {

struct call_context {
  budget& steps;
  const zone_source* zones = nullptr;

  /// The error for a call that was too much, or nullopt.
  std::optional<value> charge(uint64_t count) {
    if (steps.spend(count))
      return std::nullopt;
    return value::error(fault::budget_exceeded);
  }
};

/// Arguments are never errors; a receiver is the first of them.
using function_body = value (*)(call_context&, std::span<const value>);

struct overload {
  bool member = false; // x.f(y) rather than f(x, y)
  std::vector<type> parameters;
  type result;
  bool generic = false; // names type parameters
};

struct function {
  std::string name;
  /// Null for operators, which the interpreter knows, and for functions that
  /// are declared but have no implementation.
  function_body body = nullptr;
  std::vector<overload> overloads;
  /// A call with constant arguments may be made once, when compiled.
  bool foldable = false;
};

/// ".string,int->bool": parameters, result; a leading dot for a member. A name
/// of one upper case letter is a type parameter. Throws broken_invariant when
/// the text is no signature.
overload parse_overload(std::string_view signature);

class library {
public:
  /// Everything this engine knows. Made once.
  static std::shared_ptr<const library> standard();

  const function* find(std::string_view name) const;
  std::vector<std::string> names() const;

  void add(std::string name, function_body body,
           std::initializer_list<std::string_view> signatures);
  /// As add(), for functions of their arguments alone that are worth folding.
  void add_foldable(std::string name, function_body body,
                    std::initializer_list<std::string_view> signatures);

private:
  std::map<std::string, function, std::less<>> functions_;
};

// What each file of functions adds.
void add_operators(library& to);
void add_collections(library& to);
void add_conversions(library& to);
void add_strings(library& to);
void add_formatting(library& to);
void add_math(library& to);
void add_times(library& to);
void add_optionals(library& to);
void add_network(library& to);
void add_encoders(library& to);

/// The error of a body whose arguments are of no overload.
value no_overload(std::string_view name, std::span<const value> arguments);

} // namespace eventpulse::cel

#pragma once
// What the operators of CEL do to two values (langdef.md, "Standard
// Definitions"). Overflow is an error, types do not mix; what does not fit is
// no_such_overload. Used by the interpreter.

#include "runtime/core/cel/budget.hpp"
#include "runtime/core/cel/codegen.hpp"
#include "runtime/core/cel/value.hpp"

namespace eventpulse::cel {

/// add … modulo; with `promote` an int beside a double becomes one.
value arithmetic(op code, const value& a, const value& b, bool promote,
                 budget& steps);
/// less … greater_equal.
value order(op code, const value& a, const value& b);
value negated(const value& a); // -a
value is_in(const value& item, const value& of, budget& steps);
value item_at(const value& of, const value& index);
/// optional.none() where there is no such item.
value optional_item_at(const value& of, const value& index);
/// x.name; `name` is a string.
value field_of(const value& of, const value& name);
value optional_field_of(const value& of, const value& name);
value has_field(const value& of, const value& name);
/// && and || of two values, either of which may be an error.
value both(const value& a, const value& b);
value either(const value& a, const value& b);

} // namespace eventpulse::cel

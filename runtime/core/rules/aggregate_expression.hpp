#pragma once
// One entry of `aggregate`: a call of an aggregate function over an expression
// of `event`, such as `percentile(event.data.ms, 99)`.

#include "runtime/core/rules/rule_program.hpp"

namespace eventpulse {

struct aggregate_expression {
  aggregate_spec spec;
  program_ptr argument; // nullptr: it has none
};

/// Diagnostics have the place within `text`. `seconds` is the size of the
/// window, for rates.
std::variant<aggregate_expression, std::vector<cel::diagnostic>>
compile_aggregate(std::string_view text, const cel::environment& in,
                  double seconds);

/// What the condition sees of it.
cel::type type_of(aggregate_function f);

} // namespace eventpulse

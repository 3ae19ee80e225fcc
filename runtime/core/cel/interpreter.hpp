#pragma once
// Runs the instructions of a program. One run is one object on the stack; up to
// a size that simple conditions stay below it allocates nothing.

#include "runtime/core/cel/codegen.hpp"
#include "runtime/core/cel/program.hpp"

namespace eventpulse::cel {

/// With `seen`, also stores the value of every node that was evaluated.
value run(const code& instructions, const activation& in, budget& steps,
          std::vector<std::optional<value>>* seen = nullptr);

} // namespace eventpulse::cel

#pragma once
// Gives every node of a tree its type and every name its meaning. With checks
// on, whatever cannot work is a diagnostic, all of them at once (up to a
// bound); with checks off, it becomes an error when evaluated.

#include "runtime/core/cel/ast.hpp"
#include "runtime/core/cel/diagnostic.hpp"
#include "runtime/core/cel/environment.hpp"

namespace eventpulse::cel {

struct check_result {
  std::vector<diagnostic> wrong;
  uint32_t local_count = 0; // slots that the locals need
};

check_result check(ast& tree, const environment& in);

} // namespace eventpulse::cel

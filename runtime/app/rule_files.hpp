#pragma once
// Rule files on disk: read, compiled, with all that is wrong said at once. Used
// by the commands over rules.

#include "messages/result.hpp"
#include "runtime/core/rules/compile.hpp"

#include <functional>
#include <string>
#include <vector>

namespace eventpulse {

/// Standard input where the path is "-".
result<std::string> read_text(const std::string& path);

/// The files that `paths` name: a directory stands for every .yaml, .yml and
/// .json file below it, in the order of their names.
result<std::vector<std::string>>
rule_files(const std::vector<std::string>& paths);

/// Compiles every file; says on standard error all that is wrong. True when
/// nothing is, and `then` said so for each.
bool each_compiled(const std::vector<std::string>& files,
                   const std::function<bool(const std::string& path,
                                            const compiled_rule_ptr&)>& then);

/// Runs the tests in the rule and prints a line each. True when all passed.
bool run_tests(const std::string& path, const compiled_rule_ptr& rule);

} // namespace eventpulse

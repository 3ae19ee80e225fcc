#pragma once
// Rule files on disk: read, compiled, with all that is wrong said at once. Used
// by the commands over rules.

#include "messages/result.hpp"
#include "runtime/core/rules/compile.hpp"
#include "runtime/core/rules/document.hpp"

#include <boost/json.hpp>

#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace eventpulse {

/// The files that `paths` name: a directory stands for every .yaml, .yml and
/// .json file below it, in the order of their names.
result<std::vector<std::string>>
rule_files(const std::vector<std::string>& paths);

/// What a file holds, compiled; a failure where it cannot be read.
result<compiled_or_problems> compile_file(const std::string& path);

/// Compiles every file; says on standard error all that is wrong. True when
/// nothing is, and `then` said so for each.
bool each_compiled(const std::vector<std::string>& files,
                   const std::function<bool(const std::string& path,
                                            const compiled_rule_ptr&)>& then);

/// Runs the tests in the rule and prints a line each. True when all passed.
bool run_tests(const std::string& path, const compiled_rule_ptr& rule,
               std::ostream& out);

/// A rule as the server shows it, without what the server adds.
result<rule_document> published_document(boost::json::value rule);

struct rule_file {
  std::string path;
  rule_document what;
};

/// The rules in the files of a directory, by id. A file that is no rule, and an
/// id that is there twice, is a failure that names it.
result<std::map<std::string, rule_file>> rules_in(const std::string& dir);

} // namespace eventpulse

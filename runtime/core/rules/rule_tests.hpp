#pragma once
// Runs the `tests` blocks of a rule document on a virtual timeline, with the
// evaluator that runs live. Used by `eventpulse rules test`, by `apply`, which
// refuses a rule whose tests fail, and by POST /v1/rules/test.
//
// Time 0s of a test is 2026-01-01T00:00:00Z. An event that says no `id` or
// `source` gets one; "${…}" in its texts is CEL over `i`, the number of the
// copy, and a text that is one hole becomes the hole's value. The timeline goes
// on past the last event and expectation by the rule's horizon, or ends at
// `until`. Every opening must be expected and every expectation met; what one
// leaves out is not compared. `summary` and `values` are those of the opening,
// `count` is the last.

#include "runtime/core/rules/compile.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <string>
#include <vector>

namespace eventpulse {

struct rule_test_result {
  std::string name;
  bool passed = false;
  std::string diff;       // lines of what was expected ("-") and came ("+")
  uint64_t errors = 0;    // of expressions while it ran
  std::string last_error; // may explain a failure
};

/// `go_on` is asked before every step; when it says no, the test under way and
/// those after it fail as stopped.
std::vector<rule_test_result>
run_rule_tests(const compiled_rule_ptr& rule,
               const std::function<bool()>& go_on = {});

/// {"rule", "passed", "tests": [{"name", "passed", …}]}, as the API and `rules
/// test --json` show it.
boost::json::object results_object(const compiled_rule& rule,
                                   const std::vector<rule_test_result>& all);

} // namespace eventpulse

#pragma once
// Runs a script of tests/npm against an installation. CTest has installed what
// it needs into EVENTPULSE_NPM first (the fixture `npm`).

#include "tests/support/installation.hpp"
#include "tests/support/source_tree.hpp"

#include <map>

namespace eventpulse::test {

/// What it printed; throws with that where it failed.
inline std::string run_npm_script(const installation& on,
                                  const std::string& script,
                                  const std::vector<std::string>& words,
                                  std::map<std::string, std::string> more) {
  child_options o;
  o.name = script;
  o.argv = {"/usr/bin/env", "node",
            (testing::source_tree() / "tests/npm" / script).string()};
  o.argv.insert(o.argv.end(), words.begin(), words.end());
  o.environment = std::move(more);
  o.environment["EVENTPULSE_URL"] = on.address();
  o.environment["EVENTPULSE_KEY"] = on.key();
  return installation::run_to_end(std::move(o), {});
}

} // namespace eventpulse::test

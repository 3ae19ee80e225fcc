// eventpulse rules publish: files, checked and tested all before the first of
// them is sent, and then each watched until it is live.

#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/rule_files.hpp"
#include "runtime/app/rule_wait.hpp"

#include <algorithm>
#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* name = "rules publish";

struct checked_file {
  std::string path;
  compiled_rule_ptr rule;
};

/// Those of `files`, or nothing where one is not good.
std::vector<checked_file> check_files(const std::vector<std::string>& files,
                                      bool run_their_tests) {
  std::vector<checked_file> out;
  auto good = each_compiled(files, [&](auto& path, auto& rule) {
    out.push_back({path, rule});
    return !run_their_tests || run_tests(path, rule, std::cerr);
  });
  return good ? out : std::vector<checked_file>{};
}

/// The exit code, and into `out` what became of it.
int publish_one(api_client& api, const checked_file& file, bool as_json,
                json::array& out) {
  auto& rule = *file.rule;
  auto done = api.call("PUT", "/v1/rules/" + rule.id(),
                       to_json(rule.document()), "application/json");
  if (!done) {
    std::cerr << file.path << ": " << done.error().detail << '\n';
    return exit_code_of(done.error().code);
  }
  auto live = wait_until_live(api, rule.id());
  out.push_back({{"path", file.path},
                 {"id", rule.id()},
                 {"version", done->at("version")},
                 {"state", live.state}});
  if (!as_json)
    std::cout << rule.id() << " version " << text_of(*done, "version") << ' '
              << live.state << '\n';
  if (live.code != exit_code::ok)
    std::cerr << name << ": " << rule.id() << " is published, but " << live.why
              << '\n';
  return live.code;
}

int publish_files(const arguments& given) {
  auto& files = given.positional();
  auto checked = check_files(files, !given.has("skip-tests"));
  if (checked.empty()) {
    std::cerr << name << ": nothing was published\n";
    return exit_code::failed;
  }
  auto api = api_client::of(given);
  if (!api)
    return fail(name, api.error());
  int code = exit_code::ok;
  json::array all;
  for (auto& file : checked)
    code = std::max(code, publish_one(*api, file, given.has("json"), all));
  if (given.has("json"))
    std::cout << json::serialize(all) << '\n';
  return code;
}

} // namespace

command rules_publish_command() {
  auto out = api_command(name, "Rules",
                         "Publish rule files and wait until they are live.");
  out.operands = "FILE...";
  out.help = "Checks every file and runs its tests first; where one fails "
             "nothing is published.\nExit code 3 where a rule is published but "
             "not live after five seconds, as when no\nworker runs.";
  out.examples = {"eventpulse rules publish config/rules/card-testing.yaml"};
  out.flags.push_back(
      {"skip-tests", "", "Publish without running the tests.", "", false, ""});
  out.operands_min = 1;
  out.operands_max = 10'000;
  out.run = publish_files;
  return out;
}

} // namespace eventpulse

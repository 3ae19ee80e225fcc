// The commands that speak to a running EventPulse about rules.

#include "runtime/app/api_client.hpp"
#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/core/rules/compile.hpp"
#include "runtime/core/rules/document.hpp"
#include "runtime/core/rules/rule_tests.hpp"

#include <fstream>
#include <iostream>
#include <sstream>

namespace eventpulse {

namespace json = boost::json;

namespace {

result<std::string> read_text(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return failure{errc::not_found, "cannot read " + path};
  text << in.rdbuf();
  return text.str();
}

bool is_yaml(const std::string& path) {
  return path.ends_with(".yaml") || path.ends_with(".yml");
}

constexpr auto* rules_group = "Rules";

std::variant<compiled_rule_ptr, std::vector<rule_problem>>
compile_text(const std::string& path, const std::string& text) {
  auto parsed = is_yaml(path) || path == "-" ? parse_rule_yaml(text)
                                             : parse_rule_json(text);
  if (auto* wrong = std::get_if<1>(&parsed))
    return *wrong;
  return compile_rule(std::get<0>(parsed), 1);
}

/// Compiles every file; says all that is wrong. True when nothing is.
bool each_compiled(const arguments& given,
                   const std::function<bool(const std::string& path,
                                            const compiled_rule_ptr&)>& then) {
  bool good = true;
  for (auto& path : given.positional()) {
    auto text = read_text(path);
    if (!text) {
      std::cerr << text.error().detail << '\n';
      good = false;
      continue;
    }
    auto made = compile_text(path, *text);
    if (auto* wrong = std::get_if<1>(&made)) {
      for (auto& p : *wrong)
        std::cerr << path << ':' << to_string(p) << '\n';
      good = false;
    } else if (!then(path, std::get<0>(made))) {
      good = false;
    }
  }
  return good;
}

command rules_validate() {
  command out;
  out.name = "rules validate";
  out.group = rules_group;
  out.summary = "Check rule files, without a server.";
  out.operands = "FILE...";
  out.help = "Says all that is wrong at once: file, line and column, what was "
             "expected, and the\nnear name where there is one.";
  out.examples = {"eventpulse rules validate config/rules/*.yaml"};
  out.operands_min = 1;
  out.operands_max = 10'000;
  out.run = [](const arguments& given) {
    auto good = each_compiled(given, [](auto& path, auto&) {
      std::cout << path << ": ok\n";
      return true;
    });
    return good ? exit_code::ok : exit_code::failed;
  };
  return out;
}

command rules_test() {
  command out;
  out.name = "rules test";
  out.group = rules_group;
  out.summary = "Run the tests inside rule files, without a server.";
  out.operands = "FILE...";
  out.help = "Feeds each test's events to the rule on a virtual clock and "
             "compares the alerts\nwith those expected.";
  out.examples = {"eventpulse rules test config/rules/card-testing.yaml"};
  out.operands_min = 1;
  out.operands_max = 10'000;
  out.run = [](const arguments& given) {
    auto good = each_compiled(given, [](auto& path, auto& rule) {
      bool passed = true;
      for (auto& test : run_rule_tests(rule)) {
        std::cout << path << ": " << test.name << ": "
                  << (test.passed ? "ok" : "FAILED") << '\n';
        if (!test.passed)
          std::cout << test.diff << '\n';
        passed = passed && test.passed;
      }
      return passed;
    });
    return good ? exit_code::ok : exit_code::failed;
  };
  return out;
}

int publish_files(const arguments& given) {
  auto api = api_client::of(given);
  if (!api)
    return fail("rules publish", api.error());
  auto good = each_compiled(given, [&](auto& path, auto& rule) {
    auto done = api->call("PUT", "/v1/rules/" + rule->id(),
                          to_json(rule->document()), "application/json");
    if (!done) {
      std::cerr << path << ": " << done.error().detail << '\n';
      return false;
    }
    auto status =
        api->call("GET", "/v1/rules/" + rule->id() + "/status?wait=active");
    std::cout << rule->id() << " version " << text_of(*done, "version") << ' '
              << (status ? text_of(*status, "state") : "published") << '\n';
    return true;
  });
  return good ? exit_code::ok : exit_code::failed;
}

} // namespace

std::vector<command> rules_commands() {
  auto list = api_command("rules list", rules_group, "List published rules.");
  list.run = [](const arguments& given) {
    return call_and_show("rules list", given, "GET", "/v1/rules?limit=1000",
                         columns({"id", "version", "kind", "published_at"}));
  };
  auto get = api_command("rules get", rules_group, "Print a published rule.");
  get.operands = "ID";
  get.operands_min = get.operands_max = 1;
  get.run = [](const arguments& given) {
    return call_and_show("rules get", given, "GET",
                         "/v1/rules/" + given.positional()[0],
                         [](const json::value& rule) {
                           std::cout << json::serialize(rule) << '\n';
                         });
  };
  auto publish =
      api_command("rules publish", rules_group,
                  "Publish rule files and wait until they are live.");
  publish.operands = "FILE...";
  publish.examples = {
      "eventpulse rules publish config/rules/card-testing.yaml"};
  publish.operands_min = 1;
  publish.operands_max = 10'000;
  publish.run = publish_files;
  auto status =
      api_command("rules status", rules_group, "Show a rule's evaluator.");
  status.operands = "ID";
  status.operands_min = status.operands_max = 1;
  status.run = [](const arguments& given) {
    return call_and_show("rules status", given, "GET",
                         "/v1/rules/" + given.positional()[0] + "/status",
                         [](const json::value& s) {
                           for (auto& [name, value] : s.as_object())
                             std::cout << std::string_view(name) << '\t'
                                       << text_of(s, name.data()) << '\n';
                         });
  };
  auto remove = api_command("rules delete", rules_group, "Delete a rule.");
  remove.operands = "ID";
  remove.operands_min = remove.operands_max = 1;
  remove.run = [](const arguments& given) {
    return call_and_show("rules delete", given, "DELETE",
                         "/v1/rules/" + given.positional()[0],
                         [](const json::value&) { std::cout << "deleted\n"; });
  };
  return {rules_validate(), rules_test(), list, get, publish, status, remove};
}

} // namespace eventpulse

// The commands over rules: check, test, publish, look at.

#include "runtime/app/api_commands.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/rule_files.hpp"
#include "runtime/core/rules/document.hpp"

#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* rules_group = "Rules";

std::string rule_path(const arguments& given) {
  return "/v1/rules/" + in_path(given.positional()[0]);
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
    auto good = each_compiled(given.positional(), [](auto& path, auto&) {
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
    auto good = each_compiled(given.positional(), run_tests);
    return good ? exit_code::ok : exit_code::failed;
  };
  return out;
}

int publish_files(const arguments& given) {
  auto api = api_client::of(given);
  if (!api)
    return fail("rules publish", api.error());
  auto good = each_compiled(given.positional(), [&](auto& path, auto& rule) {
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
  auto show = api_command("rules show", rules_group, "Print a published rule.");
  show.operands = "ID";
  show.operands_min = show.operands_max = 1;
  show.run = [](const arguments& given) {
    return call_and_show("rules show", given, "GET", rule_path(given),
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
                         rule_path(given) + "/status", show_members);
  };
  auto remove = api_command("rules delete", rules_group, "Delete a rule.");
  remove.operands = "ID";
  remove.operands_min = remove.operands_max = 1;
  remove.run = [](const arguments& given) {
    return call_and_show("rules delete", given, "DELETE", rule_path(given),
                         [](const json::value&) { std::cout << "deleted\n"; });
  };
  std::vector<command> out{rules_validate(), rules_test(), list,  show,
                           publish,          status,       remove};
  for (auto& more : rule_change_commands())
    out.push_back(std::move(more));
  return out;
}

} // namespace eventpulse

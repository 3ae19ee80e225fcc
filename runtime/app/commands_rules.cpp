// eventpulse rules validate | test | list | get | status | delete | pull

#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/file_write.hpp"
#include "runtime/app/rule_files.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/rules/document.hpp"
#include "runtime/core/rules/document_diff.hpp"
#include "runtime/core/rules/rule_tests.hpp"
#include "runtime/core/rules/yaml_text.hpp"

#include <filesystem>
#include <iostream>
#include <map>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* rules_group = "Rules";

std::string rule_path(const arguments& given) {
  return "/v1/rules/" + percent_encode(given.positional()[0]);
}

/// `mode` is in a document where it is not live.
void list_columns(const json::value& answer) {
  auto shown = answer;
  for (auto& rule : shown.at("items").as_array())
    rule.as_object().emplace("mode", "live");
  columns({"id", "version", "kind", "mode", "published_at"})(shown);
}

/// {"path", "valid", "errors"}; a file that cannot be read has one error.
json::object validated(const std::string& path) {
  json::array errors;
  auto read = compile_file(path);
  if (!read)
    errors.push_back(
        json::object{{"pointer", ""}, {"detail", read.error().detail}});
  else if (auto* wrong = std::get_if<1>(&*read))
    for (auto& p : *wrong)
      errors.push_back(json::object{{"pointer", p.pointer},
                                    {"line", p.line},
                                    {"column", p.column},
                                    {"detail", p.detail}});
  const bool valid = errors.empty();
  return {{"path", path}, {"valid", valid}, {"errors", std::move(errors)}};
}

int validate_files(const arguments& given) {
  auto files = rule_files(given.positional());
  if (!files)
    return fail("rules validate", files.error());
  if (!given.has("json"))
    return each_compiled(*files,
                         [](auto& path, auto&) {
                           std::cout << path << ": ok\n";
                           return true;
                         })
               ? exit_code::ok
               : exit_code::failed;
  bool good = true;
  json::array all;
  for (auto& path : *files) {
    all.push_back(validated(path));
    good = good && all.back().at("valid").as_bool();
  }
  std::cout << json_text(all) << '\n';
  return good ? exit_code::ok : exit_code::failed;
}

/// The document as a file holds it, which `rules publish` takes.
void show_rule(const json::value& rule) {
  if (auto document = published_document(rule))
    std::cout << to_yaml(*document);
  else
    std::cout << json_text(rule) << '\n'; // of another build
}

command rules_validate() {
  command out;
  out.name = "rules validate";
  out.group = rules_group;
  out.summary = "Check rule files, without a server.";
  out.operands = "FILE|DIR...";
  out.flags.push_back(json_flag());
  out.help = "Says all that is wrong at once: file, line and column, what was "
             "expected, and the\nnear name where there is one.";
  out.examples = {"eventpulse rules validate config/rules/*.yaml"};
  out.operands_min = 1;
  out.operands_max = 10'000;
  out.run = validate_files;
  return out;
}

int test_files(const arguments& given) {
  auto files = rule_files(given.positional());
  if (!files)
    return fail("rules test", files.error());
  bool passed = true;
  json::array all;
  auto good = each_compiled(*files, [&](auto& path, auto& rule) {
    if (!given.has("json") && rule->document().tests.empty())
      std::cout << path << ": no tests\n";
    if (!given.has("json"))
      return run_tests(path, rule, std::cout);
    all.push_back(results_object(*rule, run_rule_tests(rule)));
    passed = passed && all.back().at("passed").as_bool();
    return true;
  });
  if (given.has("json"))
    std::cout << json_text(all) << '\n';
  return good && passed ? exit_code::ok : exit_code::failed;
}

command rules_test() {
  command out;
  out.name = "rules test";
  out.group = rules_group;
  out.summary = "Run the tests inside rule files, without a server.";
  out.operands = "FILE|DIR...";
  out.help = "Feeds each test's events to the rule on a virtual clock and "
             "compares the alerts\nwith those expected.";
  out.examples = {"eventpulse rules test config/rules/card-testing.yaml",
                  "eventpulse rules test rules/ --json"};
  out.flags.push_back(json_flag());
  out.operands_min = 1;
  out.operands_max = 10'000;
  out.run = test_files;
  return out;
}

/// Where a rule is kept: the file that holds it, or a new one.
std::string place_of(const std::map<std::string, rule_file>& held,
                     const std::string& dir, const std::string& id) {
  auto found = held.find(id);
  return found != held.end()
             ? found->second.path
             : (std::filesystem::path(dir) / (id + ".yaml")).string();
}

/// "written", "unchanged", or "differs": then it is left as it is.
result<std::string> pull_one(const json::value& rule, const arguments& given,
                             const std::map<std::string, rule_file>& held,
                             const std::string& path) {
  auto published = published_document(rule);
  if (!published)
    return published.error();
  if (auto kept = held.find(published->id); kept != held.end()) {
    if (diff_documents(kept->second.what, *published).empty())
      return std::string("unchanged");
    if (!given.has("overwrite"))
      return std::string("differs");
  }
  if (auto done = write_file(path, to_yaml(*published), 0644); !done)
    return done.error();
  return std::string("written");
}

int pull_rules(const arguments& given) {
  constexpr auto* name = "rules pull";
  auto& dir = given.positional()[0];
  std::error_code wrong;
  std::filesystem::create_directories(dir, wrong);
  if (wrong)
    return fail(name, {errc::invalid, dir + ": " + wrong.message()});
  auto held = rules_in(dir);
  auto api = api_client::of(given);
  if (!held || !api)
    return fail(name, held ? api.error() : held.error());
  bool good = true;
  json::array all;
  for (std::string query = "limit=1000"; !query.empty();) {
    auto page = api->call("GET", "/v1/rules?" + query);
    if (!page)
      return fail(name, page.error());
    for (auto& rule : page->at("items").as_array()) {
      auto path = place_of(*held, dir, text_of(rule, "id"));
      auto done = pull_one(rule, given, *held, path);
      if (!done)
        return fail(name, done.error());
      good = good && *done != "differs";
      if (!given.has("json"))
        std::cout << path << ": version " << text_of(rule, "version") << ' '
                  << *done << '\n';
      all.push_back({{"id", rule.at("id")},
                     {"version", rule.at("version")},
                     {"path", path},
                     {"outcome", *done}});
    }
    auto next = text_of(*page, "next");
    query = next == "-" ? "" : "limit=1000&cursor=" + percent_encode(next);
  }
  if (given.has("json"))
    std::cout << json_text(all) << '\n';
  return good ? exit_code::ok : exit_code::failed;
}

command rules_pull() {
  auto out = api_command("rules pull", rules_group,
                         "Write the published rules into files.");
  out.operands = "DIR";
  out.help = "A file a rule, as `rules apply DIR` reads them. A file that says "
             "something else\nthan the server is left as it is, which is exit "
             "code 1, unless --overwrite is given.";
  out.examples = {"eventpulse rules pull rules/"};
  out.flags.push_back({"overwrite", "",
                       "Write files anew that differ from the server.", "",
                       false, ""});
  out.operands_min = out.operands_max = 1;
  out.run = pull_rules;
  return out;
}

} // namespace

std::vector<command> rules_commands() {
  auto list = api_command("rules list", rules_group, "List published rules.");
  list.run = [](const arguments& given) {
    return call_and_show("rules list", given, "GET", "/v1/rules?limit=1000",
                         list_columns);
  };
  auto get = api_command("rules get", rules_group, "Print a published rule.");
  get.operands = "ID";
  get.operands_min = get.operands_max = 1;
  get.run = [](const arguments& given) {
    return call_and_show("rules get", given, "GET", rule_path(given),
                         show_rule);
  };
  get.help = "As YAML that can be published again; with --json as the API has "
             "it, with version,\nwhen and by whom.";
  auto status =
      api_command("rules status", rules_group, "Show a rule's evaluator.");
  status.operands = "ID";
  status.help = "State, owner, lag, groups, matches, errors.";
  status.flags.push_back({"wait", "",
                          "Wait until the newest version is evaluated, at "
                          "most five seconds.",
                          "", false, ""});
  status.operands_min = status.operands_max = 1;
  status.run = [](const arguments& given) {
    return call_and_show("rules status", given, "GET",
                         rule_path(given) + (given.has("wait")
                                                 ? "/status?wait=active"
                                                 : "/status"),
                         show_members);
  };
  auto remove = api_command("rules delete", rules_group, "Delete a rule.");
  remove.operands = "ID";
  remove.operands_min = remove.operands_max = 1;
  remove.run = [](const arguments& given) {
    return call_and_show("rules delete", given, "DELETE", rule_path(given),
                         [](const json::value&) { std::cout << "deleted\n"; });
  };
  std::vector<command> out{
      rules_validate(),        rules_test(), list,   get,
      rules_publish_command(), status,       remove, rules_pull()};
  for (auto& more : rule_change_commands())
    out.push_back(std::move(more));
  return out;
}

} // namespace eventpulse

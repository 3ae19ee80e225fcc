// eventpulse rules apply | versions | diff | rollback | pause | resume

#include "runtime/app/api_command.hpp"
#include "runtime/app/commands.hpp"
#include "runtime/app/rule_files.hpp"
#include "runtime/app/rule_wait.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/rules/document_diff.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace eventpulse {

namespace json = boost::json;

namespace {

constexpr auto* rules_group = "Rules";

std::string rule_path(const arguments& given) {
  return "/v1/rules/" + percent_encode(given.positional()[0]);
}

command of_one_rule(const char* name, const char* summary) {
  auto out = api_command(name, rules_group, summary);
  out.operands = "ID";
  out.operands_min = out.operands_max = 1;
  return out;
}

void show_published(const json::value& rule) {
  std::cout << text_of(rule, "id") << " version " << text_of(rule, "version")
            << '\n';
}

/// `diff` as the API gives it.
void show_changes(const json::value& diff) {
  std::cout << (diff.at("keeps_state").as_bool() ? "; the state is kept\n"
                                                 : "; the state is rebuilt\n");
  for (auto& change : diff.at("changes").as_array()) {
    auto& o = change.as_object();
    document_change one{text_of(change, "pointer"), {}, {}};
    if (o.contains("from"))
      one.before = json_text(o.at("from"));
    if (o.contains("to"))
      one.after = json_text(o.at("to"));
    std::cout << to_string(one);
  }
}

/// What publishing `rule` would change: a diff whose `from` is null where the
/// rule is new.
result<json::object> diff_of(api_client& api, const compiled_rule& rule) {
  json::object out{{"rule", rule.id()}, {"from", nullptr}};
  auto published = api.call("GET", "/v1/rules/" + rule.id());
  if (!published && published.error().code == errc::not_found)
    return out;
  if (!published)
    return published.error();
  auto before = published_document(*published);
  if (!before)
    return before.error();
  json::array changes;
  for (auto& change : diff_documents(*before, rule.document())) {
    json::object one{{"pointer", change.pointer}};
    if (!change.before.empty())
      one["from"] = parse_kept_json(change.before);
    if (!change.after.empty())
      one["to"] = parse_kept_json(change.after);
    changes.push_back(std::move(one));
  }
  auto compiled = compile_rule(*before, 0);
  out["from"] = published->at("version");
  out["keeps_state"] =
      compiled.index() == 0 &&
      std::get<0>(compiled)->fingerprint() == rule.fingerprint();
  out["changes"] = std::move(changes);
  return out;
}

int diff_files(const arguments& given, const std::vector<std::string>& files) {
  auto api = api_client::of(given);
  if (!api)
    return fail("rules diff", api.error());
  bool same = true;
  int code = exit_code::failed; // of what differs, or why it is not known
  json::array all;
  auto good = each_compiled(files, [&](auto& path, auto& rule) {
    auto diff = diff_of(*api, *rule);
    if (!diff) {
      code = exit_code_of(diff.error().code);
      std::cerr << path << ": " << diff.error().detail << '\n';
      return false;
    }
    bool is_new = diff->at("from").is_null();
    if (!is_new && diff->at("changes").as_array().empty())
      return true;
    same = false;
    if (given.has("json")) {
      all.push_back(std::move(*diff));
      return true;
    }
    std::cout << path << ": " << rule->id();
    if (is_new) {
      std::cout << " is new\n";
      return true;
    }
    std::cout << " differs from version " << text_of(*diff, "from");
    show_changes(*diff);
    return true;
  });
  if (given.has("json"))
    std::cout << json_text(all) << '\n';
  return good && same ? exit_code::ok : code;
}

int diff_versions(const arguments& given) {
  auto query =
      query_text({{"from", given.get("from")}, {"to", given.get("to")}});
  return call_and_show(
      "rules diff", given, "GET",
      rule_path(given) + "/diff" + (query.empty() ? "" : '?' + query),
      [](const json::value& diff) {
        std::cout << text_of(diff, "rule") << " version "
                  << text_of(diff, "from") << " to " << text_of(diff, "to");
        show_changes(diff);
      });
}

command rules_diff() {
  auto out = api_command("rules diff", rules_group,
                         "Compare rule files, or versions of a rule.");
  out.operands = "FILE|DIR|ID...";
  out.help =
      "A file or a directory of them is compared with what is published; what "
      "differs is\nexit code 1. One operand that is neither is a rule, whose "
      "versions are compared:\nby default the newest with the one before.";
  out.examples = {"eventpulse rules diff config/rules",
                  "eventpulse rules diff card-testing --from 3 --to 5"};
  out.flags.push_back(
      {"from", "VERSION", "Of a rule: the one before.", "", false, ""});
  out.flags.push_back(
      {"to", "VERSION", "Of a rule: the one after.", "", false, ""});
  out.operands_min = 1;
  out.operands_max = 10'000;
  out.run = [](const arguments& given) {
    auto& named = given.positional();
    std::error_code ignored;
    if (named.size() == 1 && named[0] != "-" &&
        !std::filesystem::exists(named[0], ignored))
      return diff_versions(given);
    if (given.has("from") || given.has("to"))
      return misused("rules diff",
                     {errc::invalid, "--from and --to are for the "
                                     "versions of one rule"});
    auto files = rule_files(named);
    return files ? diff_files(given, *files)
                 : fail("rules diff", files.error());
  };
  return out;
}

/// The exit code.
int show_applied(api_client& api, const json::value& answer) {
  int code = exit_code::ok;
  const bool planned = answer.at("dry_run").as_bool();
  for (auto& one : answer.at("published").as_array()) {
    std::cout << text_of(one, "id");
    if (planned) {
      std::cout << " would be published\n";
      continue;
    }
    std::cout << " version " << text_of(one, "version");
    auto live = wait_until_live(api, text_of(one, "id"));
    std::cout << ' ' << live.state << '\n';
    if (live.code != exit_code::ok)
      std::cerr << "rules apply: " << text_of(one, "id")
                << " is published, but " << live.why << '\n';
    code = std::max(code, live.code);
  }
  for (auto& one : answer.at("removed").as_array())
    std::cout << text_of(one, "id")
              << (planned ? " would be removed\n" : " removed\n");
  std::cout << answer.at("unchanged").as_array().size() << " unchanged\n";
  return code;
}

int apply_files(const arguments& given) {
  auto files = rule_files(given.positional());
  if (!files)
    return fail("rules apply", files.error());
  json::array documents;
  auto good = each_compiled(*files, [&](auto& path, auto& rule) {
    documents.push_back(parse_kept_json(to_json(rule->document())));
    return run_tests(path, rule, std::cerr);
  });
  if (!good) {
    std::cerr << "rules apply: nothing was changed\n";
    return exit_code::failed;
  }
  auto api = api_client::of(given);
  if (!api)
    return fail("rules apply", api.error());
  json::object body{{"rules", std::move(documents)},
                    {"prune", given.has("prune")},
                    {"dry_run", given.has("dry-run")},
                    {"skip_tests", true}};
  auto answer =
      api->call("POST", "/v1/rules/apply", json_text(body), "application/json");
  if (!answer)
    return fail("rules apply", answer.error());
  if (!given.has("json"))
    return show_applied(*api, *answer);
  std::cout << json_text(*answer) << '\n';
  return exit_code::ok;
}

command rules_apply() {
  auto out = api_command("rules apply", rules_group,
                         "Make the server's rules those of files.");
  out.operands = "FILE|DIR...";
  out.help =
      "Checks and tests every rule first; then what differs is published, all "
      "of it or\nnothing. What says the same is left alone.";
  out.examples = {"eventpulse rules apply rules/ --prune",
                  "eventpulse rules apply rules/ --dry-run"};
  out.flags.push_back({"prune", "",
                       "Remove the rules that the files do not name.", "",
                       false, ""});
  out.flags.push_back({"dry-run", "", "Say what would be done, and do nothing.",
                       "", false, ""});
  out.operands_min = 1;
  out.operands_max = 10'000;
  out.run = apply_files;
  return out;
}

command rules_versions() {
  auto out = of_one_rule("rules versions", "List the versions of a rule.");
  out.flags.push_back(
      {"limit", "N", "How many at most, oldest first.", "100", false, ""});
  out.run = [](const arguments& given) {
    return list_and_show(
        "rules versions", given, rule_path(given) + "/versions", "",
        columns({"version", "published_at", "published_by", "deleted"}));
  };
  return out;
}

command rules_rollback() {
  auto out = of_one_rule("rules rollback",
                         "Publish an earlier version of a rule again.");
  out.help = "Without --to the version before the newest. A deleted rule comes "
             "back so.";
  out.examples = {"eventpulse rules rollback card-testing --to 3"};
  out.flags.push_back(
      {"to", "VERSION", "The version to go back to.", "", false, ""});
  out.run = [](const arguments& given) {
    auto to = given.get("to");
    if (!to.empty() && to.find_first_not_of("0123456789") != std::string::npos)
      return misused("rules rollback",
                     {errc::invalid, "--to must be a version, such as 3"});
    return call_and_show("rules rollback", given, "POST",
                         rule_path(given) + "/rollback", show_published,
                         to.empty() ? "" : "{\"version\":" + to + '}');
  };
  return out;
}

/// Pause and resume: one POST without a body.
command rules_mode(const char* name, const char* action, const char* summary,
                   const char* help) {
  auto out = of_one_rule(name, summary);
  out.help = help;
  out.run = [name, action](const arguments& given) {
    return call_and_show(name, given, "POST", rule_path(given) + '/' + action,
                         show_published);
  };
  return out;
}

} // namespace

std::vector<command> rule_change_commands() {
  return {rules_apply(),
          rules_versions(),
          rules_diff(),
          rules_rollback(),
          rules_mode("rules pause", "pause", "Stop evaluating a rule.",
                     "Publishes it with mode off. What it left open resolves."),
          rules_mode("rules resume", "resume", "Evaluate a paused rule again.",
                     "Publishes it with the mode it had. Its state is primed "
                     "from history.")};
}

} // namespace eventpulse

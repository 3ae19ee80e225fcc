#include "runtime/app/rule_files.hpp"

#include "runtime/app/api_command.hpp"
#include "runtime/core/rules/rule_tests.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace eventpulse {

namespace {

bool is_yaml(const std::string& path) {
  return path.ends_with(".yaml") || path.ends_with(".yml");
}

rule_draft read_draft(const std::string& path, const std::string& text) {
  return is_yaml(path) || path == "-" ? draft_of_yaml(text)
                                      : draft_of_json(text);
}

} // namespace

result<std::vector<std::string>>
rule_files(const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<std::string> out;
  for (auto& path : paths) {
    std::error_code wrong;
    if (!fs::is_directory(path, wrong)) {
      out.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (fs::recursive_directory_iterator at{path, wrong}, end;
         !wrong && at != end; at.increment(wrong)) {
      auto extension = at->path().extension();
      if (at->is_regular_file(wrong) &&
          (extension == ".yaml" || extension == ".yml" || extension == ".json"))
        found.push_back(at->path().string());
    }
    if (wrong)
      return failure{errc::not_found,
                     "cannot read " + path + ": " + wrong.message()};
    std::sort(found.begin(), found.end());
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

result<compiled_or_problems> compile_file(const std::string& path) {
  auto text = read_text(path);
  if (!text)
    return text.error();
  return compile_draft(read_draft(path, *text), 1);
}

bool each_compiled(const std::vector<std::string>& files,
                   const std::function<bool(const std::string& path,
                                            const compiled_rule_ptr&)>& then) {
  bool good = true;
  for (auto& path : files) {
    auto read = compile_file(path);
    if (!read) {
      std::cerr << read.error().detail << '\n';
      good = false;
      continue;
    }
    auto& made = *read;
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

bool run_tests(const std::string& path, const compiled_rule_ptr& rule,
               std::ostream& out) {
  bool passed = true;
  for (auto& test : run_rule_tests(rule)) {
    out << path << ": " << test.name << ": " << (test.passed ? "ok" : "FAILED")
        << '\n';
    if (!test.passed)
      out << test.diff << '\n';
    passed = passed && test.passed;
  }
  return passed;
}

result<rule_document> published_document(boost::json::value rule) {
  auto& members = rule.as_object();
  for (auto* name : {"version", "published_at", "published_by"})
    members.erase(name);
  auto parsed = parse_rule_json(boost::json::serialize(rule));
  if (auto* wrong = std::get_if<1>(&parsed))
    return failure{errc::invalid, "the published rule cannot be read: " +
                                      to_string(wrong->front())};
  return std::move(std::get<0>(parsed));
}

result<std::map<std::string, rule_file>> rules_in(const std::string& dir) {
  auto files = rule_files({dir});
  if (!files)
    return files.error();
  std::map<std::string, rule_file> out;
  for (auto& path : *files) {
    auto text = read_text(path);
    if (!text)
      return text.error();
    auto [rule, wrong] = read_draft(path, *text);
    if (!wrong.empty())
      return failure{errc::invalid, path + ':' + to_string(wrong.front())};
    auto id = rule.id;
    auto [at, fresh] = out.emplace(id, rule_file{path, std::move(rule)});
    if (!fresh)
      return failure{errc::invalid, "rule " + id + " is in " + at->second.path +
                                        " and in " + path};
  }
  return out;
}

} // namespace eventpulse

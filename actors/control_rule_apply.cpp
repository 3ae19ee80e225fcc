// Many rules at once: what differs is published, in one transaction.

#include "actors/control_routes.hpp"
#include "actors/control_rules.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/json_write.hpp"
#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/rules/rule_tests.hpp"

#include <map>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

constexpr int64_t tests_ms_max = 5'000; // a request's share of the actor

struct apply_body {
  std::map<std::string, compiled_rule_ptr> rules; // by id
  bool prune = false;
  bool dry_run = false;
  bool skip_tests = false;
};

void add_rule(const control_call& call, const json::value& document,
              const std::string& pointer, apply_body& into, problem& wrong) {
  auto say = [&](const rule_problem& p) {
    wrong.errors.push_back({pointer + p.pointer, p.detail});
  };
  auto draft = draft_of_json(json_text(document));
  if (auto asked = find_unknown_channels(call, draft); !asked) {
    wrong = {asked.error().code, asked.error().detail, {}};
    return;
  }
  auto made = compile_draft(draft, 0);
  if (auto* all = std::get_if<1>(&made)) {
    for (auto& p : *all)
      say(p);
    return;
  }
  auto& rule = std::get<0>(made);
  if (!into.rules.emplace(rule->id(), rule).second)
    say({"/id", 0, 0, "'" + rule->id() + "' is there twice"});
}

std::variant<apply_body, problem> read_body(const control_call& call) {
  boost::system::error_code failed;
  auto parsed = parse_kept_json(call.body, failed);
  if (failed)
    return problem{
        errc::malformed, "the body is not JSON: " + failed.message(), {}};
  auto* body = parsed.if_object();
  if (!body)
    return problem{errc::invalid, "the body must be a JSON object", {}};
  apply_body out;
  problem wrong{errc::invalid, "the rules are not valid", {}};
  for (auto& [key, value] : *body) {
    std::string name(key);
    auto* flag = name == "prune"        ? &out.prune
                 : name == "dry_run"    ? &out.dry_run
                 : name == "skip_tests" ? &out.skip_tests
                                        : nullptr;
    if (flag && value.is_bool()) {
      *flag = value.get_bool();
    } else if (flag) {
      wrong.errors.push_back({"/" + name, "must be true or false"});
    } else if (name != "rules") {
      wrong.errors.push_back(
          {"/" + name, "no such field; there are rules, prune, dry_run and "
                       "skip_tests"});
    } else if (auto* rules = value.if_array()) {
      for (size_t i = 0; i < rules->size() && wrong.code == errc::invalid; ++i)
        add_rule(call, rules->at(i), "/rules/" + std::to_string(i), out, wrong);
    } else {
      wrong.errors.push_back({"/rules", "must be an array of documents"});
    }
  }
  if (!body->contains("rules"))
    wrong.errors.push_back({"/rules", "is missing"});
  else if (out.prune && out.rules.empty() && wrong.errors.empty())
    wrong.errors.push_back({"/prune", "no rules are given: every rule would be "
                                      "removed; DELETE them one by one"});
  if (!wrong.errors.empty() || wrong.code != errc::invalid)
    return wrong;
  return out;
}

bool says_the_same(const rule_version& stored, const compiled_rule& wanted) {
  auto parsed = parse_rule_json(stored.document);
  return parsed.index() == 0 &&
         same_content(std::get<0>(parsed), wanted.document());
}

/// What failed, a line each, or nothing.
std::string failing_tests(const control_call& call,
                          const std::vector<compiled_rule_ptr>& rules) {
  auto until = call.surroundings.now_ms() + tests_ms_max;
  std::string out;
  for (auto& rule : rules)
    for (auto& test : run_rule_tests(
             rule, [&] { return call.surroundings.now_ms() < until; }))
      if (!test.passed)
        out += '\n' + rule->id() + ": " + test.name + ":\n" + test.diff;
  return out;
}

} // namespace

result<control_outcome> apply_rules(control_call& call) {
  auto body = read_body(call);
  if (auto* wrong = std::get_if<problem>(&body))
    return control_outcome{to_http(*wrong)};
  auto& wanted = std::get<0>(body);
  auto stored = call.stores.rules->newest();
  if (!stored)
    return stored.error();
  std::map<std::string, const rule_version*> present;
  for (auto& v : *stored)
    present[v.id] = &v;
  std::vector<publish_request> put;
  std::vector<removal> gone;
  std::vector<compiled_rule_ptr> changed;
  json::array same;
  for (auto& [id, rule] : wanted.rules) {
    auto now = present.find(id);
    if (now != present.end() && says_the_same(*now->second, *rule)) {
      same.push_back(json::string(id));
      continue;
    }
    changed.push_back(rule);
    put.push_back({id, to_json(rule->document()), call.who(),
                   now == present.end() ? 0 : now->second->version,
                   rule->notify()});
  }
  if (wanted.prune)
    for (auto& [id, v] : present)
      if (!wanted.rules.contains(id))
        gone.push_back({id, call.who(), v->version});
  if (put.size() + gone.size() > limits::apply_rules_max)
    return failure{errc::too_large,
                   std::to_string(put.size() + gone.size()) +
                       " rules would change; at most " +
                       std::to_string(limits::apply_rules_max) + " at once"};
  if (!wanted.skip_tests)
    if (auto failing = failing_tests(call, changed); !failing.empty())
      return failure{errc::invalid, "tests fail:" + failing};
  json::array published, removed;
  control_outcome out;
  if (wanted.dry_run) {
    for (auto& r : put)
      published.push_back(json::object{{"id", r.id}});
    for (auto& r : gone)
      removed.push_back(json::object{{"id", r.id}});
  } else if (!put.empty() || !gone.empty()) {
    auto done = call.stores.rules->apply(put, gone);
    if (!done)
      return done.error();
    for (auto& one : *done) {
      auto& list = one.version.deleted ? removed : published;
      list.push_back(
          {{"id", one.version.id}, {"version", one.version.version}});
      if (!out.row)
        out.row = one.control;
      else
        out.more_rows.push_back(one.control);
    }
  }
  out.answer = json_answer(200, {{"published", std::move(published)},
                                 {"unchanged", std::move(same)},
                                 {"removed", std::move(removed)},
                                 {"dry_run", wanted.dry_run}});
  return out;
}

} // namespace eventpulse::routes

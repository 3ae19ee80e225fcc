#include "actors/control_rules.hpp"
#include "actors/control_routes.hpp"
#include "actors/control_versions.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/rules/rule_tests.hpp"

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

/// A request's share of the actor that answers everybody.
constexpr int64_t tests_ms_max = 2'000;

problem other_id(const std::string& id, const std::string& wanted) {
  return {errc::invalid,
          "the rule is not valid",
          {{"/id", "is '" + id + "', but the path says '" + wanted + "'"}}};
}

} // namespace

result<control_outcome> list_rules(control_call& call) {
  auto limit = call.limit();
  if (!limit)
    return limit.error();
  auto page =
      call.stores.rules->list(call.parameter("cursor").value_or(""), *limit);
  if (!page)
    return page.error();
  json::array items;
  for (auto& v : *page)
    items.push_back(rule_object(v));
  auto next = page->size() == *limit
                  ? std::optional<std::string>(page->back().id)
                  : std::nullopt;
  return control_outcome{list_answer(std::move(items), next), {}};
}

result<control_outcome> get_rule(control_call& call) {
  auto found = call.stores.rules->get(call.path[2]);
  if (!found)
    return found.error();
  return control_outcome{
      with_version(json_answer(200, rule_object(*found)), found->version), {}};
}

/// 409 where there is one of that id.
result<control_outcome> create_rule(control_call& call) {
  auto compiled = compiled_body(call, named_channels::there);
  if (auto* wrong = std::get_if<problem>(&compiled))
    return control_outcome{to_http(*wrong), {}};
  auto& rule = *std::get<0>(compiled);
  auto done = publish_rule(call, rule, 0);
  if (!done && done.error().code == errc::conflict)
    return failure{errc::conflict, "there is a rule '" + rule.id() +
                                       "' already: " + done.error().detail};
  return done;
}

result<control_outcome> put_rule(control_call& call) {
  auto compiled = compiled_body(call, named_channels::there);
  if (auto* wrong = std::get_if<problem>(&compiled))
    return control_outcome{to_http(*wrong), {}};
  auto& rule = *std::get<0>(compiled);
  if (rule.id() != call.path[2])
    return control_outcome{to_http(other_id(rule.id(), call.path[2])), {}};
  return publish_rule(call, rule);
}

result<control_outcome> delete_rule(control_call& call) {
  auto version = wanted_version(call.head);
  if (!version)
    return version.error();
  auto done = call.stores.rules->remove(call.path[2], call.who(), *version);
  if (!done)
    return refuse_change(done.error(), *version);
  http_response answer;
  answer.status = 204;
  return control_outcome{answer, done->control};
}

result<control_outcome> validate_rule(control_call& call) {
  auto compiled = compiled_body(call);
  if (auto* wrong = std::get_if<problem>(&compiled))
    return control_outcome{to_http(*wrong), {}};
  auto& rule = *std::get<0>(compiled);
  return control_outcome{
      json_answer(200, {{"valid", true},
                        {"rule", parse_kept_json(to_json(rule.document()))}}),
      {}};
}

/// The `tests` of a document, without publishing it.
result<control_outcome> test_rule(control_call& call) {
  auto compiled = compiled_body(call);
  if (auto* wrong = std::get_if<problem>(&compiled))
    return control_outcome{to_http(*wrong), {}};
  auto& rule = std::get<0>(compiled);
  auto until = call.surroundings.now_ms() + tests_ms_max;
  auto results =
      run_rule_tests(rule, [&] { return call.surroundings.now_ms() < until; });
  return control_outcome{json_answer(200, results_object(*rule, results))};
}

} // namespace eventpulse::routes

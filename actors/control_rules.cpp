#include "actors/control_routes.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/rules/compile.hpp"
#include "runtime/core/rules/document.hpp"

#include <charconv>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

json::object to_object(const rule_version& v) {
  auto out = parse_kept_json(v.document).as_object();
  out["version"] = v.version;
  out["published_at"] = format_rfc3339_ms(v.published_at_ms);
  out["published_by"] = v.published_by;
  return out;
}

problem problem_of(const std::vector<rule_problem>& wrong) {
  problem out{errc::invalid, "the rule is not valid", {}};
  for (auto& p : wrong) {
    auto place = p.line > 0 ? std::to_string(p.line) + ':' +
                                  std::to_string(p.column) + ": "
                            : std::string{};
    out.errors.push_back({p.pointer, place + p.detail});
  }
  return out;
}

bool is_yaml(const http_request& head) {
  return find_header(head, "content-type").find("yaml") !=
         std::string_view::npos;
}

/// The document and its compiled form, or the answer that says what is wrong.
std::variant<compiled_rule_ptr, problem>
compiled_body(const control_call& call) {
  if (call.body.size() > limits::rule_document_bytes_max)
    return problem{errc::too_large,
                   "a rule has at most " +
                       std::to_string(limits::rule_document_bytes_max) +
                       " bytes",
                   {}};
  auto parsed = is_yaml(call.head) ? parse_rule_yaml(call.body)
                                   : parse_rule_json(call.body);
  if (auto* wrong = std::get_if<1>(&parsed))
    return problem_of(*wrong);
  auto made = compile_rule(std::get<0>(parsed), 0);
  if (auto* wrong = std::get_if<1>(&made))
    return problem_of(*wrong);
  return std::get<0>(made);
}

/// If-Match: "3" is version 3; If-None-Match: * means that there must be none.
result<std::optional<int64_t>> wanted_version(const control_call& call) {
  if (find_header(call.head, "if-none-match") == "*")
    return std::optional<int64_t>{0};
  auto text = find_header(call.head, "if-match");
  if (text.empty() || text == "*")
    return std::optional<int64_t>{};
  if (text.size() > 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  int64_t version = 0;
  auto [end, wrong] =
      std::from_chars(text.data(), text.data() + text.size(), version);
  if (wrong != std::errc{} || end != text.data() + text.size())
    return failure{errc::invalid, "If-Match must be a version, such as \"3\""};
  return std::optional<int64_t>{version};
}

http_response with_version(http_response answer, int64_t version) {
  answer.headers.emplace_back("ETag", '"' + std::to_string(version) + '"');
  return answer;
}

std::string_view name_of(eventpulse::rule_state s) {
  switch (s) {
  case eventpulse::rule_state::pending:
    return "pending";
  case eventpulse::rule_state::catching_up:
    return "catching_up";
  case eventpulse::rule_state::active:
    return "active";
  case eventpulse::rule_state::degraded:
    return "degraded";
  case eventpulse::rule_state::off:
    return "off";
  }
  return "unknown";
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
    items.push_back(to_object(v));
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
      with_version(json_answer(200, to_object(*found)), found->version), {}};
}

result<control_outcome> put_rule(control_call& call) {
  auto compiled = compiled_body(call);
  if (auto* wrong = std::get_if<problem>(&compiled))
    return control_outcome{to_http(*wrong), {}};
  auto& rule = *std::get<0>(compiled);
  if (rule.id() != call.path[2])
    return control_outcome{
        to_http(problem{errc::invalid,
                        "the rule is not valid",
                        {{"/id", "is '" + rule.id() + "', but the path says '" +
                                     call.path[2] + "'"}}}),
        {}};
  auto version = wanted_version(call);
  if (!version)
    return version.error();
  publish_request request;
  request.id = rule.id();
  request.document = to_json(rule.document());
  request.by = call.who();
  request.if_version = *version;
  request.notify = rule.notify();
  auto done = call.stores.rules->publish(request);
  if (!done)
    return done.error();
  auto& v = done->version;
  return control_outcome{
      with_version(json_answer(v.version == 1 ? 201 : 200, to_object(v)),
                   v.version),
      done->control};
}

result<control_outcome> delete_rule(control_call& call) {
  auto version = wanted_version(call);
  if (!version)
    return version.error();
  auto done = call.stores.rules->remove(call.path[2], call.who(), *version);
  if (!done)
    return done.error();
  http_response answer;
  answer.status = 204;
  return control_outcome{answer, done->control};
}

result<control_outcome> rule_versions(control_call& call) {
  auto all = call.stores.rules->versions(call.path[2]);
  if (!all)
    return all.error();
  json::array items;
  for (auto& v : *all)
    if (v.deleted)
      items.push_back({{"version", v.version},
                       {"deleted", true},
                       {"published_at", format_rfc3339_ms(v.published_at_ms)},
                       {"published_by", v.published_by}});
    else
      items.push_back(to_object(v));
  return control_outcome{list_answer(std::move(items), {}), {}};
}

result<control_outcome> rule_state(control_call& call) {
  auto newest = call.stores.rules->get(call.path[2]);
  if (!newest)
    return newest.error();
  auto status = call.stores.rules->status(call.path[2]);
  if (!status)
    return status.error();
  bool current = *status && (**status).version == newest->version;
  json::object out{{"rule", newest->id},
                   {"version", newest->version},
                   {"state", current ? name_of((**status).state) : "pending"}};
  if (*status) {
    auto& s = **status;
    out["evaluated_version"] = s.version;
    out["owner"] = s.owner;
    out["groups"] = s.groups;
    out["matches"] = s.matches;
    out["errors"] = s.errors;
    if (!s.last_error.empty())
      out["last_error"] = s.last_error;
  }
  control_outcome outcome{json_answer(200, out)};
  auto wanted = call.parameter("wait");
  if (wanted && *wanted != "active")
    return failure{errc::invalid, "wait is for 'active' alone"};
  auto state = out["state"].as_string();
  outcome.again = wanted && (state == "pending" || state == "catching_up");
  return outcome;
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

} // namespace eventpulse::routes

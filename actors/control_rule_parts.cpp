#include "actors/control_rules.hpp"

#include "actors/control_versions.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/near_name.hpp"
#include "runtime/core/base/query_limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/rules/document.hpp"

namespace eventpulse {

namespace json = boost::json;

namespace {

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

} // namespace

json::object rule_object(const rule_version& v) {
  json::object out;
  if (v.deleted)
    out = {{"id", v.id}, {"deleted", true}};
  else
    out = std::move(parse_kept_json(v.document).as_object());
  out["version"] = v.version;
  out["published_at"] = format_rfc3339_ms(v.published_at_ms);
  out["published_by"] = v.published_by;
  return out;
}

result<void> find_unknown_channels(const control_call& call,
                                   rule_draft& draft) {
  auto& all = *call.stores.channels;
  auto& notify = draft.document.notify;
  for (size_t i = 0; i < notify.size(); ++i) {
    auto found = all.get(notify[i]);
    if (!found && retryable(found.error().code))
      return found.error();
    if (found || found.error().code != errc::not_found)
      continue;
    auto there = all.list("", limits::page_items_max);
    std::vector<std::string_view> names;
    if (there)
      for (auto& c : *there)
        names.push_back(c.id);
    rule_problem wrong{"/notify/" + std::to_string(i), 0, 0,
                       "there is no channel '" + notify[i] + "'" +
                           near_name_hint(notify[i], names)};
    if (auto at = draft.document.places.find(wrong.pointer);
        at != draft.document.places.end()) {
      wrong.line = at->second.line;
      wrong.column = at->second.column;
    }
    draft.problems.push_back(std::move(wrong));
  }
  return {};
}

std::variant<compiled_rule_ptr, problem>
compiled_body(const control_call& call, named_channels channels) {
  if (call.body.size() > limits::rule_document_bytes_max)
    return problem{errc::too_large,
                   "a rule has at most " +
                       std::to_string(limits::rule_document_bytes_max) +
                       " bytes",
                   {}};
  auto draft = is_yaml(call.head) ? draft_of_yaml(call.body)
                                  : draft_of_json(call.body);
  if (channels == named_channels::there)
    if (auto asked = find_unknown_channels(call, draft); !asked)
      return problem{asked.error().code, asked.error().detail, {}};
  auto made = compile_draft(draft, 0);
  if (auto* wrong = std::get_if<1>(&made))
    return problem_of(*wrong);
  return std::get<0>(made);
}

result<control_outcome> publish_rule(control_call& call,
                                     const compiled_rule& rule,
                                     std::optional<int64_t> expected) {
  auto wanted = wanted_version(call.head);
  if (!wanted)
    return wanted.error();
  if (*wanted && expected && **wanted != *expected)
    return refuse_change(
        {errc::conflict, "the present version is " + std::to_string(*expected)},
        *wanted);
  publish_request request;
  request.id = rule.id();
  request.document = to_json(rule.document());
  request.by = call.who();
  request.if_version = *wanted ? *wanted : expected;
  request.notify = rule.notify();
  auto done = call.stores.rules->publish(request);
  if (!done)
    return refuse_change(done.error(), *wanted);
  auto& v = done->version;
  auto answer = json_answer(v.version == 1 ? 201 : 200, rule_object(v));
  if (v.version == 1)
    answer.headers.emplace_back("Location", "/v1/rules/" + v.id);
  return control_outcome{with_version(std::move(answer), v.version),
                         done->control};
}

} // namespace eventpulse

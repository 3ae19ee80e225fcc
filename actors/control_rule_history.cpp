// The versions of a rule: shown, compared, and published again.

#include "actors/control_routes.hpp"
#include "actors/control_rules.hpp"
#include "actors/control_versions.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/rules/document_diff.hpp"

#include <charconv>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

result<int64_t> number_in(const std::string& text, const char* what) {
  int64_t out = 0;
  auto [end, wrong] =
      std::from_chars(text.data(), text.data() + text.size(), out);
  if (wrong != std::errc{} || end != text.data() + text.size() || out < 1)
    return failure{errc::invalid,
                   std::string(what) + " must be a version, such as 3"};
  return out;
}

/// The version that `name` says, or nullopt.
result<std::optional<int64_t>> version_parameter(const control_call& call,
                                                 const char* name) {
  auto text = call.parameter(name);
  if (!text)
    return std::optional<int64_t>{};
  auto number = number_in(*text, name);
  if (!number)
    return number.error();
  return std::optional<int64_t>{*number};
}

/// The newest version, be it a tombstone.
result<rule_version> newest_version(const control_call& call) {
  auto found = call.stores.rules->get(call.path[2]);
  if (found || found.error().code != errc::not_found)
    return found;
  auto all = call.stores.rules->versions(call.path[2]);
  if (!all)
    return all.error();
  return std::move(all->back());
}

/// Stored documents were valid; another build may think otherwise.
result<compiled_rule_ptr> compiled(const rule_version& v) {
  auto refused = [&](const rule_problem& p) {
    return failure{errc::conflict,
                   "version " + std::to_string(v.version) +
                       " is not valid any more: " + to_string(p)};
  };
  if (v.deleted)
    return failure{errc::conflict, "version " + std::to_string(v.version) +
                                       " is the rule's removal"};
  auto parsed = parse_rule_json(v.document);
  if (auto* wrong = std::get_if<1>(&parsed))
    return refused(wrong->front());
  auto made = compile_rule(std::get<0>(parsed), v.version);
  if (auto* wrong = std::get_if<1>(&made))
    return refused(wrong->front());
  return std::get<0>(made);
}

/// The newest version before `number` that is none of those `skip` says.
template <class Skip>
result<rule_version> version_before(control_call& call, int64_t number,
                                    const Skip& skip) {
  for (; number > 1; --number) {
    auto found = call.stores.rules->version(call.path[2], number - 1);
    if (!found || !skip(*found))
      return found;
  }
  return failure{errc::not_found, "there is no version before"};
}

/// {"version": n}, or no body.
result<std::optional<int64_t>> wanted_rollback(const control_call& call) {
  if (call.body.empty())
    return std::optional<int64_t>{};
  auto body = body_object(call);
  if (!body)
    return body.error();
  std::optional<int64_t> out;
  for (auto& [name, value] : *body) {
    if (name != "version")
      return failure{errc::invalid, "no such field '" + std::string(name) +
                                        "'; a rollback has a version"};
    auto* number = value.if_int64();
    if (!number || *number < 1)
      return failure{errc::invalid, "version must be a number, such as 3"};
    out = *number;
  }
  return out;
}

/// The newest version again, with another mode.
result<control_outcome> change_mode(control_call& call, const rule_version& now,
                                    rule_mode mode) {
  auto parsed = parse_rule_json(now.document);
  if (auto* wrong = std::get_if<1>(&parsed))
    return failure{errc::conflict, to_string(wrong->front())};
  auto& document = std::get<0>(parsed);
  document.mode = mode;
  auto made = compile_rule(document, 0);
  if (auto* wrong = std::get_if<1>(&made))
    return failure{errc::conflict, to_string(wrong->front())};
  return publish_rule(call, *std::get<0>(made), now.version);
}

result<rule_mode> mode_of(const rule_version& v) {
  auto parsed = parse_rule_json(v.document);
  if (auto* wrong = std::get_if<1>(&parsed))
    return failure{errc::conflict, to_string(wrong->front())};
  return std::get<0>(parsed).mode;
}

/// What is so already is answered as it is, if the precondition holds.
result<control_outcome> as_it_is(const control_call& call,
                                 const rule_version& now) {
  auto wanted = wanted_version(call.head);
  if (!wanted)
    return wanted.error();
  if (*wanted && **wanted != now.version)
    return refuse_change({errc::conflict, "the present version is " +
                                              std::to_string(now.version)},
                         *wanted);
  return control_outcome{
      with_version(json_answer(200, rule_object(now)), now.version)};
}

} // namespace

result<control_outcome> rule_versions(control_call& call) {
  auto limit = call.limit();
  if (!limit)
    return limit.error();
  auto after = version_parameter(call, "cursor");
  if (!after)
    return after.error();
  auto page =
      call.stores.rules->versions(call.path[2], after->value_or(0), *limit);
  if (!page)
    return page.error();
  if (page->empty() && !*after)
    return failure{errc::not_found, "rule " + call.path[2]};
  json::array items;
  for (auto& v : *page)
    items.push_back(rule_object(v));
  std::optional<std::string> next;
  if (page->size() == *limit)
    next = std::to_string(page->back().version);
  return control_outcome{list_answer(std::move(items), next)};
}

result<control_outcome> rule_version_of(control_call& call) {
  auto number = number_in(call.path[4], "the version");
  if (!number)
    return number.error();
  auto found = call.stores.rules->version(call.path[2], *number);
  if (!found)
    return found.error();
  return control_outcome{
      with_version(json_answer(200, rule_object(*found)), found->version)};
}

/// From one version (the one before) to another (the newest).
result<control_outcome> rule_diff(control_call& call) {
  auto from = version_parameter(call, "from");
  auto to = version_parameter(call, "to");
  if (!from || !to)
    return from ? to.error() : from.error();
  auto after = *to ? call.stores.rules->version(call.path[2], **to)
                   : newest_version(call);
  if (!after)
    return after.error();
  auto before = *from ? call.stores.rules->version(call.path[2], **from)
                      : version_before(call, after->version,
                                       [](auto& v) { return v.deleted; });
  if (!before)
    return before.error();
  auto a = compiled(*before), b = compiled(*after);
  if (!a || !b)
    return a ? b.error() : a.error();
  json::array changes;
  for (auto& change : diff_documents((**a).document(), (**b).document())) {
    json::object one{{"pointer", change.pointer}};
    if (!change.before.empty())
      one["from"] = parse_kept_json(change.before);
    if (!change.after.empty())
      one["to"] = parse_kept_json(change.after);
    changes.push_back(std::move(one));
  }
  return control_outcome{json_answer(
      200, {{"rule", call.path[2]},
            {"from", before->version},
            {"to", after->version},
            {"keeps_state", (**a).fingerprint() == (**b).fingerprint()},
            {"changes", std::move(changes)}})};
}

/// An earlier version (the one before) is published again. A rule that was
/// removed comes back so.
result<control_outcome> rollback_rule(control_call& call) {
  auto wanted = wanted_rollback(call);
  if (!wanted)
    return wanted.error();
  auto now = newest_version(call);
  if (!now)
    return now.error();
  if (*wanted && **wanted == now->version)
    return failure{errc::conflict, "version " + std::to_string(now->version) +
                                       " is the present one"};
  auto back = *wanted ? call.stores.rules->version(call.path[2], **wanted)
                      : version_before(call, now->version,
                                       [](auto& v) { return v.deleted; });
  if (!back)
    return back.error();
  auto rule = compiled(*back);
  if (!rule)
    return rule.error();
  return publish_rule(call, **rule, now->deleted ? 0 : now->version);
}

/// Mode off: not evaluated, and what is open resolves.
result<control_outcome> pause_rule(control_call& call) {
  auto now = call.stores.rules->get(call.path[2]);
  if (!now)
    return now.error();
  auto mode = mode_of(*now);
  if (!mode)
    return mode.error();
  if (*mode == rule_mode::off)
    return as_it_is(call, *now);
  return change_mode(call, *now, rule_mode::off);
}

/// The mode that it had before it was off.
result<control_outcome> resume_rule(control_call& call) {
  auto now = call.stores.rules->get(call.path[2]);
  if (!now)
    return now.error();
  auto mode = mode_of(*now);
  if (!mode)
    return mode.error();
  if (*mode != rule_mode::off)
    return as_it_is(call, *now);
  auto before = version_before(call, now->version, [](auto& v) {
    if (v.deleted)
      return true;
    auto kept = mode_of(v);
    return !kept || *kept == rule_mode::off;
  });
  if (!before && before.error().code != errc::not_found)
    return before.error();
  return change_mode(call, *now, before ? *mode_of(*before) : rule_mode::live);
}

} // namespace eventpulse::routes

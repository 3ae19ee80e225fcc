#include "actors/control_routes.hpp"
#include "actors/control_versions.hpp"
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/base/utf8.hpp"
#include "runtime/core/intake/json_scan.hpp"
#include "runtime/core/schema/json_schema.hpp"

#include <algorithm>
#include <charconv>

namespace eventpulse::routes {

namespace json = boost::json;

namespace {

json::object to_object(const event_type_schema& t) {
  json::object out{{"type", t.type}, {"version", t.version}};
  if (t.deleted)
    out["deleted"] = true;
  else
    out["schema"] = parse_kept_json(t.schema);
  out["published_at"] = format_rfc3339_ms(t.published_at_ms);
  out["published_by"] = t.published_by;
  return out;
}

/// What an event's type may be, and short enough for an index.
result<void> check_type(std::string_view type) {
  if (type.empty() || type.size() > limits::event_type_bytes_max)
    return {errc::invalid, "an event type with a schema has 1 to " +
                               std::to_string(limits::event_type_bytes_max) +
                               " bytes"};
  auto is_control = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  };
  if (!is_utf8(type) || std::any_of(type.begin(), type.end(), is_control))
    return {errc::invalid, "an event type is UTF-8 without control characters"};
  return {};
}

/// The schema as it was put, and where it stands in the body.
struct put_schema {
  std::string_view text;
  std::string pointer; // "" or "/schema"
};

/// The body is the schema itself, or, as GET shows it, an object with it as
/// "schema", which is no keyword of JSON Schema.
std::variant<put_schema, problem> read_body(const control_call& call) {
  intake::json_value body;
  intake::json_error wrong;
  if (!intake::scan_json(call.body, limits::schema_depth_max * 4, body, wrong))
    return problem{wrong.code,
                   "the schema is not JSON: " + to_string(wrong),
                   {{wrong.pointer, to_string(wrong)}}};
  auto is_schema = [](auto& m) { return m.name == "schema"; };
  auto found =
      std::find_if(body.members.begin(), body.members.end(), is_schema);
  if (found == body.members.end())
    return put_schema{body.span.text, ""};
  for (auto& member : body.members) {
    constexpr std::string_view shown[] = {
        "type", "version", "schema", "published_at", "published_by", "notes"};
    if (std::find(std::begin(shown), std::end(shown), member.name) ==
        std::end(shown))
      return problem{
          errc::invalid,
          "the event type is not valid",
          {{"/" + std::string(member.name), "no such field beside schema"}}};
  }
  return put_schema{found->value.text, "/schema"};
}

json::array notes_of(const std::vector<problem_item>& notes,
                     const std::string& pointer) {
  json::array out;
  for (auto& n : notes)
    out.push_back({{"pointer", pointer + n.pointer}, {"detail", n.detail}});
  return out;
}

http_response no_content() {
  http_response out;
  out.status = 204;
  return out;
}

} // namespace

result<control_outcome> list_event_types(control_call& call) {
  auto limit = call.limit();
  if (!limit)
    return limit.error();
  auto page = call.stores.event_types->list(
      call.parameter("cursor").value_or(""), *limit);
  if (!page)
    return page.error();
  json::array items;
  for (auto& t : *page)
    items.push_back(to_object(t));
  auto next = page->size() == *limit
                  ? std::optional<std::string>(page->back().type)
                  : std::nullopt;
  return control_outcome{list_answer(std::move(items), next)};
}

result<control_outcome> get_event_type(control_call& call) {
  auto found = call.stores.event_types->get(call.path[2]);
  if (!found)
    return found.error();
  return control_outcome{
      with_version(json_answer(200, to_object(*found)), found->version)};
}

result<control_outcome> put_event_type(control_call& call) {
  if (auto fits = check_type(call.path[2]); !fits)
    return fits.error();
  if (call.body.size() > limits::schema_bytes_max + 4096)
    return failure{errc::too_large,
                   "a schema has at most " +
                       std::to_string(limits::schema_bytes_max) + " bytes"};
  auto body = read_body(call);
  if (auto* wrong = std::get_if<problem>(&body))
    return control_outcome{to_http(*wrong)};
  auto& put = std::get<put_schema>(body);
  auto made = schema::compile(put.text);
  if (!made.schema) {
    problem wrong{errc::invalid, "the schema is not valid", {}};
    for (auto& f : made.faults)
      wrong.errors.push_back({put.pointer + f.pointer, std::move(f.detail)});
    return control_outcome{to_http(wrong)};
  }
  auto version = wanted_version(call.head);
  if (!version)
    return version.error();
  event_type_change change{call.path[2], std::string(put.text),
                           call.surroundings.now_ms(), call.who(), *version};
  auto stored = call.stores.event_types->publish(change);
  if (!stored)
    return refuse_change(stored.error(), *version);
  auto out = to_object(*stored);
  if (!made.notes.empty())
    out["notes"] = notes_of(made.notes, put.pointer);
  control_outcome outcome{with_version(
      json_answer(stored->version == 1 ? 201 : 200, out), stored->version)};
  outcome.types_changed = true;
  return outcome;
}

result<control_outcome> delete_event_type(control_call& call) {
  auto version = wanted_version(call.head);
  if (!version)
    return version.error();
  event_type_change change{call.path[2], std::nullopt,
                           call.surroundings.now_ms(), call.who(), *version};
  auto gone = call.stores.event_types->publish(change);
  if (!gone)
    return refuse_change(gone.error(), *version);
  control_outcome outcome{no_content()};
  outcome.types_changed = true;
  return outcome;
}

result<control_outcome> event_type_versions(control_call& call) {
  auto limit = call.limit();
  if (!limit)
    return limit.error();
  std::optional<int64_t> before;
  if (auto text = call.parameter("cursor")) {
    int64_t version = 0;
    auto [end, wrong] =
        std::from_chars(text->data(), text->data() + text->size(), version);
    if (wrong != std::errc{} || end != text->data() + text->size())
      return failure{errc::invalid, "the cursor is not one of ours"};
    before = version;
  }
  auto page = call.stores.event_types->versions(call.path[2], before, *limit);
  if (!page)
    return page.error();
  if (page->empty() && !before)
    return failure{errc::not_found, "event type " + call.path[2]};
  json::array items;
  for (auto& t : *page)
    items.push_back(to_object(t));
  auto next =
      page->size() == *limit
          ? std::optional<std::string>(std::to_string(page->back().version))
          : std::nullopt;
  return control_outcome{list_answer(std::move(items), next)};
}

} // namespace eventpulse::routes

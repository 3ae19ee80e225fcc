#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"
#include "runtime/core/intake/cloud_event.hpp"
#include "runtime/core/intake/event_builder.hpp"
#include "runtime/core/intake/json_number.hpp"
#include "runtime/core/intake/media_type.hpp"

namespace eventpulse::intake {

namespace {

std::string text_of(const json_span& value) {
  return unescape_json_string(value.text.substr(1, value.text.size() - 2));
}

// An attribute from its JSON value, which is not null.
void add_attribute(event_builder& builder, std::string_view name,
                   const json_span& value, const fault_place& place) {
  switch (value.kind) {
  case json_kind::string:
    return builder.add(name, text_of(value), place);
  case json_kind::boolean:
    return builder.add(name, value.text == "true", place);
  case json_kind::number:
    if (auto number = int32_of(value.text))
      return builder.add(name, *number, place);
    return builder.add_fault(place, std::string{name} +
                                        ": a number must be an integer of 32 "
                                        "bits; other numbers belong into data");
  case json_kind::null:
  case json_kind::array:
  case json_kind::object:
    break;
  }
  builder.add_fault(place, std::string{name} + ": must not be " +
                               std::string{describe(value.kind)} +
                               "; structure belongs into data");
}

struct data_member {
  json_span value;
  fault_place place;
};

// `data` (JSON format, section 3.1.1): a JSON value, unless datacontenttype
// says otherwise; then a string that holds the content.
void set_data(event_builder& builder, const data_member& data) {
  auto& document = builder.document();
  auto type = parse_media_type(document.datacontenttype);
  if (document.datacontenttype.empty() || !type || is_json(*type)) {
    document.kind = payload_kind::json;
    document.payload = data.value.text;
  } else if (data.value.kind == json_kind::string) {
    document.kind = payload_kind::binary;
    document.payload = text_of(data.value);
  } else if (data.value.kind != json_kind::null) {
    builder.add_fault(data.place,
                      "data: must be a string, as datacontenttype is " +
                          document.datacontenttype);
  }
}

void set_data_base64(event_builder& builder, const data_member& data) {
  auto& document = builder.document();
  if (data.value.kind != json_kind::string)
    return builder.add_fault(data.place, "data_base64: must be a string");
  if (!base64_decode(text_of(data.value), document.payload))
    return builder.add_fault(data.place,
                             "data_base64: not base64 (RFC 4648 section 4)");
  document.kind = payload_kind::binary;
}

} // namespace

problem to_problem(const json_error& error) {
  auto detail = to_string(error);
  return {error.code, detail, {{pointer_fragment(error.pointer), detail}}};
}

std::optional<refused_event> check_data(event_or_problem& outcome,
                                        std::string_view data_pointer,
                                        const event_defaults& defaults) {
  auto* document = std::get_if<event_document>(&outcome);
  if (!document || !defaults.check)
    return std::nullopt;
  auto wrong = defaults.check(*document, data_pointer);
  if (!wrong)
    return std::nullopt;
  refused_event out{std::move(document->type), std::move(document->id)};
  outcome = std::move(*wrong);
  return out;
}

event_or_problem parse_json_event(const json_value& value, json_form form,
                                  std::string_view pointer,
                                  const event_defaults& defaults) {
  if (value.invalid)
    return to_problem(*value.invalid);
  if (value.span.kind != json_kind::object) {
    auto detail = "an event is a JSON object, not " +
                  std::string{describe(value.span.kind)};
    return problem{
        errc::invalid, detail, {{pointer_fragment(pointer), detail}}};
  }
  event_builder builder;
  std::optional<data_member> data;
  std::optional<data_member> data_base64;
  for (const auto& member : value.members) {
    std::string unescaped;
    auto name = member.name;
    if (member.name_escaped)
      name = unescaped = unescape_json_string(name);
    fault_place place{pointer, name};
    if (!builder.claim(name, place))
      continue;
    if (name == "data")
      data = data_member{member.value, {pointer, "data"}};
    else if (member.value.kind == json_kind::null)
      continue; // "unset" (JSON format, section 2.2)
    else if (name == "data_base64")
      data_base64 = data_member{member.value, {pointer, "data_base64"}};
    else
      add_attribute(builder, name, member.value, place);
  }
  if (data && data_base64)
    builder.add_fault(data_base64->place,
                      "data_base64: not together with data");
  else if (data)
    set_data(builder, *data);
  else if (data_base64)
    set_data_base64(builder, *data_base64);
  return std::move(builder).finish(form, {pointer, {}}, defaults);
}

} // namespace eventpulse::intake

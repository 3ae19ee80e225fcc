#include "runtime/core/intake/stream_entry.hpp"

#include "runtime/core/base/json_text.hpp"
#include "runtime/core/intake/json_number.hpp"
#include "runtime/core/intake/json_scan.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace eventpulse::intake {

namespace {

// Nobody's payload nests this deep: intake.max_depth is far below. The bound is
// here only so that a garbled entry cannot ask for more.
constexpr size_t payload_depth_max = 4096;

struct text_member {
  std::string_view name;
  std::string event_document::*member;
};

constexpr text_member text_members[] = {
    {"id", &event_document::id},
    {"source", &event_document::source},
    {"type", &event_document::type},
    {"subject", &event_document::subject},
    {"time", &event_document::time},
    {"datacontenttype", &event_document::datacontenttype},
    {"dataschema", &event_document::dataschema},
    {"traceparent", &event_document::traceparent},
    {"tracestate", &event_document::tracestate},
};

std::string_view kind_name(payload_kind kind) {
  switch (kind) {
  case payload_kind::none:
    return "none";
  case payload_kind::json:
    return "json";
  case payload_kind::binary:
    return "binary";
  }
  return "none";
}

std::optional<payload_kind> kind_of(std::string_view name) {
  for (auto kind :
       {payload_kind::none, payload_kind::json, payload_kind::binary})
    if (kind_name(kind) == name)
      return kind;
  return std::nullopt;
}

failure corrupt(std::string_view what) {
  return {errc::corrupt, "stream entry: " + std::string{what}};
}

// A NUL, which no attribute may hold, would make PostgreSQL refuse the row.
std::optional<std::string> text_of(const json_span& value) {
  if (value.kind != json_kind::string)
    return std::nullopt;
  auto text = unescape_json_string(value.text.substr(1, value.text.size() - 2));
  if (text.find('\0') != std::string::npos)
    return std::nullopt;
  return text;
}

std::optional<int64_t> int64_of(const json_span& value) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(
      value.text.data(), value.text.data() + value.text.size(), number);
  if (value.kind != json_kind::number || error != std::errc{} ||
      end != value.text.data() + value.text.size())
    return std::nullopt;
  return number;
}

std::optional<attribute_value> extension_of(const json_span& value) {
  if (value.kind == json_kind::boolean)
    return value.text == "true";
  if (auto text = text_of(value))
    return *text;
  if (auto number =
          value.kind == json_kind::number ? int32_of(value.text) : std::nullopt)
    return *number;
  return std::nullopt;
}

void append_member(std::string& out, std::string_view name,
                   std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

void append_value(std::string& out, const attribute_value& value) {
  if (auto* flag = std::get_if<bool>(&value))
    out += *flag ? "true" : "false";
  else if (auto* number = std::get_if<int32_t>(&value))
    out += std::to_string(*number);
  else
    append_json_string(out, std::get<std::string>(value));
}

std::string encode_header(const accepted_event& event) {
  const auto& document = event.document;
  std::string out = "{\"v\":1,\"at\":" + std::to_string(event.accepted_at_ms);
  append_member(out, "by", event.accepted_by);
  append_member(out, "kind", kind_name(document.kind));
  for (const auto& text : text_members)
    if (const auto& value = document.*text.member; !value.empty())
      append_member(out, text.name, value);
  if (!document.extensions.empty()) {
    out += ",\"x\":{";
    bool is_first = true;
    for (const auto& [name, value] : document.extensions) {
      if (!is_first)
        out += ',';
      is_first = false;
      append_json_string(out, name);
      out += ':';
      append_value(out, value);
    }
    out += '}';
  }
  return out + '}';
}

// The one value of that name; nullopt where there is none or a second.
std::optional<std::string_view> only(const stream_fields& fields,
                                     std::string_view name) {
  auto same = [&](const auto& field) { return field.first == name; };
  auto found = std::find_if(fields.begin(), fields.end(), same);
  if (found == fields.end() || std::any_of(found + 1, fields.end(), same))
    return std::nullopt;
  return found->second;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36)
    return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    bool is_hex = (text[i] >= '0' && text[i] <= '9') ||
                  (text[i] >= 'a' && text[i] <= 'f');
    if (is_dash ? text[i] != '-' : !is_hex)
      return false;
  }
  return true;
}

bool decode_extensions(std::string_view text, event_document& out) {
  json_value object;
  json_error error;
  if (!scan_json(text, 1, object, error) ||
      object.span.kind != json_kind::object)
    return false;
  for (const auto& member : object.members) {
    auto value = extension_of(member.value);
    // Names hold no escapes, and ascend: that is also why none is there twice.
    if (!value || member.name_escaped || member.name.empty() ||
        (!out.extensions.empty() && member.name <= out.extensions.back().first))
      return false;
    out.extensions.emplace_back(member.name, std::move(*value));
  }
  return true;
}

// One member of h; false where it is wrong. What is unknown is ignored.
bool decode_member(const json_member& member, accepted_event& out) {
  if (member.name == "v")
    return int64_of(member.value) == 1;
  if (member.name == "at") {
    auto at = int64_of(member.value);
    out.accepted_at_ms = at.value_or(0);
    return at.has_value();
  }
  if (member.name == "by") {
    auto by = text_of(member.value);
    out.accepted_by = by.value_or("");
    return by.has_value();
  }
  if (member.name == "kind") {
    auto kind = kind_of(text_of(member.value).value_or(""));
    out.document.kind = kind.value_or(payload_kind::none);
    return kind.has_value();
  }
  if (member.name == "x")
    return out.document.extensions.empty() &&
           decode_extensions(member.value.text, out.document);
  for (const auto& text : text_members) {
    if (text.name != member.name)
      continue;
    auto value = text_of(member.value);
    out.document.*text.member = value.value_or("");
    return value && !value->empty();
  }
  return true;
}

bool has_duplicate(const std::vector<json_member>& members) {
  std::vector<std::string_view> names;
  names.reserve(members.size());
  for (const auto& member : members)
    names.push_back(member.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

result<accepted_event> decode_header(std::string_view text) {
  json_value header;
  json_error error;
  if (!scan_json(text, 2, header, error))
    return corrupt("h is not JSON: " + to_string(error));
  if (header.span.kind != json_kind::object || has_duplicate(header.members))
    return corrupt("h is no object of distinct members");
  accepted_event out;
  for (const auto& member : header.members)
    if (!decode_member(member, out))
      return corrupt("h has a wrong member " + std::string{member.name});
  auto has = [&](std::string_view name) {
    return std::any_of(header.members.begin(), header.members.end(),
                       [&](const auto& m) { return m.name == name; });
  };
  for (auto name : {"v", "at", "by", "kind", "id", "source", "type"})
    if (!has(name))
      return corrupt("h lacks the member " + std::string{name});
  return out;
}

result<stream_content> decode_event(const stream_fields& fields) {
  auto header = only(fields, "h");
  if (!header)
    return corrupt("there is not one field h");
  auto event = decode_header(*header);
  if (!event)
    return event.error();
  auto& document = event->document;
  auto payload = only(fields, "d");
  bool has_payload = document.kind != payload_kind::none;
  if (payload.has_value() != has_payload)
    return corrupt("the field d and the payload kind disagree");
  if (payload)
    document.payload = *payload;
  if (document.kind == payload_kind::json) {
    json_value value;
    json_error error;
    if (!scan_json(document.payload, payload_depth_max, value, error))
      return corrupt("d is not JSON: " + to_string(error));
  }
  return stream_content{std::move(*event)};
}

} // namespace

stream_fields encode(const accepted_event& event) {
  stream_fields out{{"k", "e"}, {"h", encode_header(event)}};
  if (event.document.kind != payload_kind::none)
    out.emplace_back("d", event.document.payload);
  return out;
}

stream_fields encode(const control_mark& mark) {
  return {{"k", "c"}, {"row", mark.row}};
}

result<stream_content> decode(const stream_fields& fields) {
  auto kind = only(fields, "k");
  if (kind == "e")
    return decode_event(fields);
  if (kind != "c")
    return corrupt("the field k is neither e nor c");
  auto row = only(fields, "row");
  if (!row || !is_uuid(*row))
    return corrupt("the field row is no UUID");
  return stream_content{control_mark{std::string{*row}}};
}

} // namespace eventpulse::intake

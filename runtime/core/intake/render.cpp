#include "runtime/core/intake/render.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/json_text.hpp"
#include "runtime/core/base/time.hpp"

#include <string_view>

namespace eventpulse::intake {

namespace {

void append_name(std::string& out, std::string_view name) {
  out += ',';
  append_json_string(out, name);
  out += ':';
}

void append_text(std::string& out, std::string_view name,
                 std::string_view text) {
  if (text.empty())
    return;
  append_name(out, name);
  append_json_string(out, text);
}

void append_extension(std::string& out, const attribute_value& value) {
  if (auto* flag = std::get_if<bool>(&value))
    out += *flag ? "true" : "false";
  else if (auto* number = std::get_if<int32_t>(&value))
    out += std::to_string(*number);
  else
    append_json_string(out, std::get<std::string>(value));
}

// All but the closing brace.
std::string open_document(const event_document& document) {
  std::string out = R"({"specversion":"1.0")";
  out.reserve(512 + document.payload.size() * 4 / 3);
  append_text(out, "id", document.id);
  append_text(out, "source", document.source);
  append_text(out, "type", document.type);
  append_text(out, "subject", document.subject);
  append_text(out, "time", document.time);
  append_text(out, "datacontenttype", document.datacontenttype);
  append_text(out, "dataschema", document.dataschema);
  append_text(out, "traceparent", document.traceparent);
  append_text(out, "tracestate", document.tracestate);
  for (const auto& [name, value] : document.extensions) {
    append_name(out, name);
    append_extension(out, value);
  }
  switch (document.kind) {
  case payload_kind::none:
    break;
  case payload_kind::json:
    append_name(out, "data");
    out += document.payload;
    break;
  case payload_kind::binary:
    append_name(out, "data_base64");
    append_json_string(out, base64_encode(document.payload));
    break;
  }
  return out;
}

} // namespace

std::string to_cloudevents_json(const event_document& document) {
  return open_document(document) + '}';
}

std::string to_cloudevents_json(const event& persisted,
                                int64_t persisted_at_ms) {
  auto out = open_document(persisted.document);
  append_text(out, "position", to_string(persisted.where));
  append_text(out, "received_at", format_rfc3339_ms(persisted.received_at_ms));
  append_text(out, "persisted_at", format_rfc3339_ms(persisted_at_ms));
  out += '}';
  return out;
}

} // namespace eventpulse::intake

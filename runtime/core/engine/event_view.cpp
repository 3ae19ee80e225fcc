#include "runtime/core/engine/event_view.hpp"

#include "runtime/core/cel/times.hpp"

namespace eventpulse {

namespace {

using cel::value;

std::optional<value> text_of(const std::string& text) {
  if (text.empty())
    return std::nullopt;
  return value::string(text, nullptr);
}

value attribute(const attribute_value& v) {
  switch (v.index()) {
  case 0:
    return value::boolean(std::get<bool>(v));
  case 1:
    return value::integer(std::get<int32_t>(v));
  default:
    return value::string(std::get<std::string>(v), nullptr);
  }
}

} // namespace

std::optional<value> event_view::data() const {
  const auto& d = event_->document;
  switch (d.kind) {
  case payload_kind::none:
    return std::nullopt;
  case payload_kind::binary:
    return value::bytes(d.payload);
  case payload_kind::json:
    break;
  }
  switch (payload_.what) {
  case parsed_payload::state::json:
    return cel::from_json(*payload_.json, nullptr);
  case parsed_payload::state::broken:
    return value::error(cel::fault::invalid_argument, "data is no JSON",
                        nullptr);
  case parsed_payload::state::skipped:
    return value::error(cel::fault::invalid_argument, "data was not parsed",
                        nullptr);
  }
  return std::nullopt;
}

std::optional<value> event_view::field(std::string_view name) const {
  const auto& d = event_->document;
  if (name == "type")
    return value::string(d.type, nullptr);
  if (name == "data")
    return data();
  if (name == "subject")
    return text_of(d.subject);
  if (name == "source")
    return value::string(d.source, nullptr);
  if (name == "id")
    return value::string(d.id, nullptr);
  if (name == "time") {
    if (d.time.empty())
      return std::nullopt;
    return cel::parse_timestamp(d.time);
  }
  if (name == "received_at")
    return value::timestamp_ms(event_->received_at_ms);
  if (name == "position")
    return value::string(to_string(event_->where));
  if (name == "datacontenttype")
    return text_of(d.datacontenttype);
  if (name == "dataschema")
    return text_of(d.dataschema);
  if (name == "traceparent")
    return text_of(d.traceparent);
  if (name == "tracestate")
    return text_of(d.tracestate);
  if (const auto* v = find_extension(d, name))
    return attribute(*v);
  return std::nullopt;
}

bool event_view::has(std::string_view name) const {
  const auto& d = event_->document;
  if (name == "type" || name == "source" || name == "id" ||
      name == "received_at" || name == "position")
    return true;
  if (name == "data")
    return d.kind != payload_kind::none;
  if (name == "time")
    return !d.time.empty();
  return field(name).has_value();
}

std::vector<std::string> event_view::names() const {
  std::vector<std::string> out;
  for (std::string_view name :
       {"id", "source", "type", "subject", "time", "datacontenttype",
        "dataschema", "traceparent", "tracestate", "data", "received_at",
        "position"})
    if (has(name))
      out.emplace_back(name);
  for (const auto& [name, value] : event_->document.extensions)
    out.push_back(name);
  return out;
}

} // namespace eventpulse

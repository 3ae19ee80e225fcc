#include "runtime/core/intake/cloud_event.hpp"
#include "runtime/core/intake/event_builder.hpp"
#include "runtime/core/intake/header_value.hpp"
#include "runtime/core/intake/media_type.hpp"

namespace eventpulse::intake {

namespace {

constexpr std::string_view attribute_prefix = "ce-";

// One ce- header; `name` is what follows the prefix, in lower case.
void add_header(event_builder& builder, const std::string& name,
                std::string_view value) {
  // Both have their own places in this mode: Content-Type and the body.
  if (name == "datacontenttype" || name == "data" || name == "data_base64") {
    builder.add_fault({}, "ce-" + name + ": no header of binary mode");
    return;
  }
  if (!builder.claim(name, {}))
    return;
  if (auto text = decode_header_value(value))
    builder.add(name, std::move(*text), {});
  else
    builder.add_fault({}, "ce-" + name + ": a double quote is not closed");
}

// Whether the body must be JSON. In another charset it is opaque.
bool promises_json(const std::string& datacontenttype) {
  auto type = parse_media_type(datacontenttype);
  return type && is_json(*type) && is_utf8_charset(*type);
}

} // namespace

event_or_problem parse_binary_event(const http_headers& headers,
                                    std::string_view body,
                                    const event_defaults& defaults,
                                    size_t max_depth) {
  event_builder builder;
  for (const auto& [key, value] : headers) {
    auto name = lower_case(key);
    if (name.starts_with(attribute_prefix))
      add_header(builder, name.substr(attribute_prefix.size()), value);
    else if (name == "content-type" && builder.claim("datacontenttype", {}))
      builder.add("datacontenttype", std::string{trim_space(value)}, {});
  }
  auto& document = builder.document();
  document.payload = body;
  if (!body.empty())
    document.kind = payload_kind::binary;
  if (!body.empty() && promises_json(document.datacontenttype)) {
    json_value value;
    json_error error;
    if (!scan_json(body, max_depth, value, error))
      return to_problem(error);
    document.kind = payload_kind::json;
  }
  return std::move(builder).finish(json_form::structured, {}, defaults);
}

} // namespace eventpulse::intake

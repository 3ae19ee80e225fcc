#include "runtime/core/intake/content_mode.hpp"

#include "runtime/core/base/utf8.hpp"
#include "runtime/core/intake/media_type.hpp"

#include <optional>

namespace eventpulse::intake {

namespace {

constexpr std::string_view taken_types =
    "application/json, application/cloudevents+json, "
    "application/cloudevents-batch+json, application/x-ndjson, or any with "
    "ce- headers";

failure unsupported_type(std::string_view type) {
  constexpr size_t shown_max = 100;
  std::string shown = "none";
  if (!type.empty() && is_utf8(type))
    shown = utf8_prefix(type, shown_max);
  return {errc::unsupported, "Content-Type is " + shown + "; taken are " +
                                 std::string{taken_types}};
}

result<content_mode> mode_of(const media_type& type, std::string_view text) {
  if (!is_utf8_charset(type))
    return {errc::unsupported, "only the charset UTF-8 is taken"};
  if (type.type == "application") {
    if (type.subtype == "cloudevents-batch+json")
      return content_mode::batch;
    if (type.subtype == "cloudevents+json")
      return content_mode::structured;
    if (type.subtype == "json")
      return content_mode::plain;
    if (type.subtype == "x-ndjson")
      return content_mode::ndjson;
  }
  return unsupported_type(text);
}

} // namespace

result<content_mode> decide_mode(const http_headers& headers) {
  std::optional<std::string> content_type;
  bool has_attributes = false;
  for (const auto& [key, value] : headers) {
    auto name = lower_case(key);
    has_attributes = has_attributes || name.starts_with("ce-");
    if (name != "content-type")
      continue;
    if (content_type)
      return {errc::malformed, "Content-Type is given twice"};
    content_type = trim_space(value);
  }
  auto text = content_type.value_or("");
  // The prefix decides, not the whole type: an unknown CloudEvents format must
  // be refused and not be taken for somebody's payload.
  bool is_cloudevents = lower_case(text).starts_with("application/cloudevents");
  if (has_attributes && !is_cloudevents)
    return content_mode::binary;
  auto type = parse_media_type(text);
  if (!type)
    return unsupported_type(text);
  return mode_of(*type, text);
}

result<content_coding> decide_coding(const http_headers& headers) {
  auto coding = content_coding::identity;
  size_t count = 0;
  for (const auto& [key, value] : headers) {
    if (lower_case(key) != "content-encoding")
      continue;
    auto name = lower_case(trim_space(value));
    if (name.empty() || name == "identity")
      continue;
    // RFC 9110 section 8.4.1.3: x-gzip is the same.
    if ((name != "gzip" && name != "x-gzip") || ++count > 1)
      return {errc::unsupported, "Content-Encoding may be gzip, once"};
    coding = content_coding::gzip;
  }
  return coding;
}

} // namespace eventpulse::intake

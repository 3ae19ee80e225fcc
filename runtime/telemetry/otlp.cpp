#include "runtime/telemetry/otlp.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>

namespace eventpulse::otlp {

namespace json = boost::json;

namespace {

constexpr int status_error = 2;

json::object value_of(const span_value& v) {
  if (const auto* text = std::get_if<std::string>(&v))
    return {{"stringValue", *text}};
  if (const auto* number = std::get_if<int64_t>(&v))
    return {{"intValue", std::to_string(*number)}};
  return {{"boolValue", std::get<bool>(v)}};
}

json::object attribute(const std::string& key, const span_value& v) {
  return {{"key", key}, {"value", value_of(v)}};
}

json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

json::object object_of(const span& s) {
  json::object out{{"traceId", view(trace_stage::trace_id(s.context))},
                   {"spanId", view(trace_stage::span_id(s.context))}};
  if (!s.parent.empty())
    out["parentSpanId"] = view(trace_stage::span_id(s.parent));
  out["name"] = s.name;
  out["kind"] = static_cast<int>(s.kind);
  out["startTimeUnixNano"] = std::to_string(s.start_ns);
  out["endTimeUnixNano"] = std::to_string(std::max(s.start_ns, s.end_ns));
  json::array attributes;
  for (const auto& [key, value] : s.attributes)
    attributes.push_back(attribute(key, value));
  out["attributes"] = std::move(attributes);
  if (!s.error.empty())
    out["status"] = {{"code", status_error}, {"message", s.error}};
  return out;
}

} // namespace

std::string request_json(const resource& from, const std::vector<span>& spans) {
  json::array attributes;
  std::string version;
  for (const auto& [key, value] : from) {
    attributes.push_back(attribute(key, value));
    if (key == "service.version")
      version = value;
  }
  json::array all;
  for (const auto& s : spans)
    all.push_back(object_of(s));
  json::object scope{{"scope", {{"name", "eventpulse"}, {"version", version}}},
                     {"spans", std::move(all)}};
  json::object resource_spans{
      {"resource", {{"attributes", std::move(attributes)}}},
      {"scopeSpans", json::array{std::move(scope)}}};
  return json::serialize(
      json::object{{"resourceSpans", json::array{std::move(resource_spans)}}});
}

partial_success read_answer(std::string_view body) {
  partial_success out;
  boost::system::error_code wrong;
  auto parsed = json::parse(view(body), wrong);
  const auto* answer = wrong ? nullptr : parsed.if_object();
  const auto* part = answer ? answer->if_contains("partialSuccess") : nullptr;
  if (!part || !part->is_object())
    return out;
  const auto& said = part->as_object();
  if (const auto* n = said.if_contains("rejectedSpans")) {
    if (n->is_string()) // int64 is a string in proto3 JSON
      std::from_chars(n->as_string().data(),
                      n->as_string().data() + n->as_string().size(),
                      out.rejected);
    else if (n->is_int64() && n->as_int64() > 0)
      out.rejected = static_cast<uint64_t>(n->as_int64());
  }
  if (const auto* why = said.if_contains("errorMessage");
      why && why->is_string())
    out.message = std::string{why->as_string()};
  return out;
}

} // namespace eventpulse::otlp

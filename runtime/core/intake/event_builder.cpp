#include "runtime/core/intake/event_builder.hpp"

#include "runtime/core/base/limits.hpp"
#include "runtime/core/base/time.hpp"
#include "runtime/core/base/utf8.hpp"
#include "runtime/core/intake/media_type.hpp"
#include "runtime/core/intake/uri.hpp"

#include <algorithm>
#include <utility>

namespace eventpulse::intake {

namespace {

struct core_attribute {
  std::string_view name;
  std::string event_document::*member;
};

constexpr core_attribute core_attributes[] = {
    {"id", &event_document::id},
    {"source", &event_document::source},
    {"type", &event_document::type},
    {"subject", &event_document::subject},
    {"time", &event_document::time},
    {"datacontenttype", &event_document::datacontenttype},
    {"dataschema", &event_document::dataschema},
};

std::string text_of(const fault_place& place) {
  if (!place.pointer)
    return {};
  std::string pointer{*place.pointer};
  if (place.member)
    append_pointer_token(pointer, *place.member);
  return pointer_fragment(pointer);
}

// A name as a message can show it: short, and on one line.
std::string shown(std::string_view name) {
  constexpr size_t shown_max = 64;
  std::string out{utf8_prefix(name, shown_max)};
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return '\'' + out + (name.size() > shown_max ? "…'" : "'");
}

bool is_attribute_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::attribute_name_bytes_max &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

// CloudEvents 1.0, "Type System", String: no control characters and none of
// Unicode's noncharacters.
bool is_allowed(char32_t c) {
  bool is_control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
  bool is_noncharacter = (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
  return !is_control && !is_noncharacter;
}

// What is wrong with `text` as any attribute's value, or nullopt.
std::optional<std::string> text_fault(std::string_view text) {
  if (text.size() > limits::attribute_bytes_max)
    return "longer than " + std::to_string(limits::attribute_bytes_max) +
           " bytes";
  char32_t c = 0;
  for (size_t at = 0; at < text.size();) {
    auto length = utf8_take(text, at, c);
    if (length == 0)
      return "not UTF-8";
    if (!is_allowed(c))
      return "holds a control character or a Unicode noncharacter";
    at += length;
  }
  return std::nullopt;
}

// What is wrong with `text` as the core attribute `name`, beyond that.
std::optional<std::string> core_fault(std::string_view name,
                                      std::string_view text) {
  if (text.empty())
    return "must not be empty";
  if (name == "source" && !is_uri_reference(text))
    return "not a URI-reference (RFC 3986)";
  if (name == "dataschema" && !is_uri(text))
    return "not an absolute URI (RFC 3986)";
  if (name == "time" && !parse_rfc3339_ms(text))
    return "not an RFC 3339 date-time such as 2026-01-02T03:04:05Z";
  if (name == "datacontenttype" && !parse_media_type(text))
    return "not a media type (RFC 2046) such as application/json";
  return std::nullopt;
}

} // namespace

void event_builder::add_fault(const fault_place& place, std::string detail) {
  ++fault_count_;
  if (faults_.size() < limits::problem_errors_max)
    faults_.push_back({text_of(place), std::move(detail)});
}

bool event_builder::claim(std::string_view name, const fault_place& place) {
  if (!is_attribute_name(name) && name != "data_base64") {
    add_fault(place, "attribute name " + shown(name) +
                         ": lower-case letters and digits only, at most " +
                         std::to_string(limits::attribute_name_bytes_max) +
                         "; what is no attribute belongs into data");
    return false;
  }
  if (std::find(claimed_.begin(), claimed_.end(), name) != claimed_.end()) {
    add_fault(place, shown(name) + " is given twice");
    return false;
  }
  // Beside extensions: eight core attributes, two of tracing, data in two
  // forms.
  if (claimed_.size() == limits::extensions_max + 12) {
    add_fault(place, "too many attributes");
    return false;
  }
  claimed_.emplace_back(name);
  return true;
}

void event_builder::add(std::string_view name, attribute_value value,
                        const fault_place& place) {
  given_.emplace_back(name);
  auto* text = std::get_if<std::string>(&value);
  auto fault = text != nullptr ? text_fault(*text) : std::nullopt;
  if (!fault)
    fault = set(name, std::move(value));
  if (fault)
    add_fault(place, std::string{name} + ": " + *fault);
}

std::optional<std::string> event_builder::set(std::string_view name,
                                              attribute_value value) {
  auto* text = std::get_if<std::string>(&value);
  for (const auto& core : core_attributes) {
    if (core.name != name)
      continue;
    if (text == nullptr)
      return "must be a string";
    document_.*core.member = std::move(*text);
    return core_fault(name, document_.*core.member);
  }
  if (name == "specversion") {
    if (text == nullptr || *text != "1.0")
      return "must be the string 1.0";
    return std::nullopt;
  }
  if (name == "position")
    return "is EventPulse's own, the event's place in the stream";
  if (name == "traceparent" || name == "tracestate") {
    if (text == nullptr)
      return "must be a string";
    (name == "traceparent" ? traceparent_ : tracestate_) = std::move(*text);
    return std::nullopt;
  }
  // The Partitioning extension; the partition is chosen by it.
  if (name == "partitionkey" && (text == nullptr || text->empty()))
    return "must be a non-empty string";
  if (document_.extensions.size() == limits::extensions_max)
    return "more than " + std::to_string(limits::extensions_max) +
           " extension attributes";
  document_.extensions.emplace_back(name, std::move(value));
  return std::nullopt;
}

bool event_builder::is_given(std::string_view name) const {
  return std::find(given_.begin(), given_.end(), name) != given_.end();
}

void event_builder::require(std::string_view name, const fault_place& place) {
  if (!is_given(name))
    add_fault(place, std::string{name} + ": is required");
}

event_or_problem event_builder::finish(json_form form, const fault_place& place,
                                       const event_defaults& defaults) && {
  require("type", place);
  if (form == json_form::structured) {
    for (auto name : {"specversion", "id", "source"})
      require(name, place);
  }
  if (fault_count_ > 0) {
    auto detail = faults_.front().detail;
    if (fault_count_ > 1)
      detail += " (and " + std::to_string(fault_count_ - 1) + " more)";
    return problem{errc::invalid, std::move(detail), std::move(faults_)};
  }
  if (form == json_form::plain) {
    if (!is_given("source"))
      document_.source = uri_reference_of(defaults.source);
    if (!is_given("id"))
      document_.id = defaults.make_id(document_);
    if (!is_given("time"))
      document_.time = format_rfc3339_ms(defaults.now_ms);
  }
  auto own = event_trace(traceparent_, tracestate_);
  auto& trace = own ? *own : defaults.trace;
  document_.traceparent = trace.traceparent;
  document_.tracestate = trace.tracestate;
  std::sort(document_.extensions.begin(), document_.extensions.end());
  return std::move(document_);
}

} // namespace eventpulse::intake

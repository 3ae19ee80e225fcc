#include "runtime/core/schema/keywords.hpp"

#include <array>

namespace eventpulse::schema {

namespace {

constexpr uint8_t all = 15;
constexpr uint8_t from_7 = 14;
constexpr uint8_t from_2019 = 12;
constexpr uint8_t only_2020 = 8;
constexpr uint8_t until_2019 = 7;

struct entry {
  std::string_view name;
  keyword what;
  uint8_t drafts; // of enum draft
};

// `definitions` and `dependencies` outlive their drafts, and `$defs` is used
// with earlier ones: nothing else could be meant by them.
constexpr std::array table{
    entry{"$schema", keyword::schema_uri, all},
    entry{"$id", keyword::id, all},
    entry{"$ref", keyword::ref, all},
    entry{"$anchor", keyword::anchor, from_2019},
    entry{"$defs", keyword::definitions, all},
    entry{"definitions", keyword::definitions, all},
    entry{"$comment", keyword::annotation, all},
    entry{"title", keyword::annotation, all},
    entry{"description", keyword::annotation, all},
    entry{"default", keyword::annotation, all},
    entry{"examples", keyword::annotation, all},
    entry{"deprecated", keyword::annotation, all},
    entry{"readOnly", keyword::annotation, all},
    entry{"writeOnly", keyword::annotation, all},
    entry{"contentEncoding", keyword::annotation, all},
    entry{"contentMediaType", keyword::annotation, all},
    entry{"contentSchema", keyword::annotation, from_2019},
    entry{"type", keyword::type, all},
    entry{"enum", keyword::enumeration, all},
    entry{"const", keyword::constant, all},
    entry{"multipleOf", keyword::multiple_of, all},
    entry{"maximum", keyword::maximum, all},
    entry{"exclusiveMaximum", keyword::exclusive_maximum, all},
    entry{"minimum", keyword::minimum, all},
    entry{"exclusiveMinimum", keyword::exclusive_minimum, all},
    entry{"maxLength", keyword::max_length, all},
    entry{"minLength", keyword::min_length, all},
    entry{"pattern", keyword::pattern, all},
    entry{"format", keyword::format, all},
    entry{"items", keyword::items, all},
    entry{"prefixItems", keyword::prefix_items, only_2020},
    entry{"additionalItems", keyword::additional_items, until_2019},
    entry{"maxItems", keyword::max_items, all},
    entry{"minItems", keyword::min_items, all},
    entry{"uniqueItems", keyword::unique_items, all},
    entry{"contains", keyword::contains, all},
    entry{"minContains", keyword::min_contains, from_2019},
    entry{"maxContains", keyword::max_contains, from_2019},
    entry{"maxProperties", keyword::max_properties, all},
    entry{"minProperties", keyword::min_properties, all},
    entry{"required", keyword::required, all},
    entry{"properties", keyword::properties, all},
    entry{"patternProperties", keyword::pattern_properties, all},
    entry{"additionalProperties", keyword::additional_properties, all},
    entry{"propertyNames", keyword::property_names, all},
    entry{"dependencies", keyword::dependencies, all},
    entry{"dependentSchemas", keyword::dependent_schemas, from_2019},
    entry{"dependentRequired", keyword::dependent_required, from_2019},
    entry{"allOf", keyword::all_of, all},
    entry{"anyOf", keyword::any_of, all},
    entry{"oneOf", keyword::one_of, all},
    entry{"not", keyword::not_this, all},
    entry{"if", keyword::if_this, from_7},
    entry{"then", keyword::then_this, from_7},
    entry{"else", keyword::else_this, from_7},
    entry{"unevaluatedItems", keyword::unevaluated_items, from_2019},
    entry{"unevaluatedProperties", keyword::unevaluated_properties, from_2019},
    entry{"$dynamicRef", keyword::refused, all},
    entry{"$dynamicAnchor", keyword::refused, all},
    entry{"$recursiveRef", keyword::refused, all},
    entry{"$recursiveAnchor", keyword::refused, all},
    entry{"$vocabulary", keyword::refused, all},
};

} // namespace

keyword find_keyword(std::string_view name, draft of) noexcept {
  // A private annotation, as OpenAPI has it.
  if (name.starts_with("x-"))
    return keyword::annotation;
  for (auto& e : table)
    if (e.name == name)
      return e.drafts & static_cast<uint8_t>(of) ? e.what : keyword::unknown;
  return keyword::unknown;
}

bool is_of_any_draft(std::string_view name) noexcept {
  for (auto& e : table)
    if (e.name == name)
      return true;
  return false;
}

} // namespace eventpulse::schema

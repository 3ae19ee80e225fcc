#pragma once
// The keywords of the drafts, and which of them know which.

#include <cstdint>
#include <string_view>

namespace eventpulse::schema {

enum class draft : uint8_t { d6 = 1, d7 = 2, d2019 = 4, d2020 = 8 };

enum class keyword : uint8_t {
  unknown,
  annotation, // taken, and nothing to check
  refused,    // known, and not done here
  schema_uri,
  id,
  anchor,
  ref,
  definitions,
  type,
  enumeration,
  constant,
  multiple_of,
  maximum,
  exclusive_maximum,
  minimum,
  exclusive_minimum,
  max_length,
  min_length,
  pattern,
  format,
  items,
  prefix_items,
  additional_items,
  max_items,
  min_items,
  unique_items,
  contains,
  min_contains,
  max_contains,
  max_properties,
  min_properties,
  required,
  properties,
  pattern_properties,
  additional_properties,
  property_names,
  dependencies,
  dependent_schemas,
  dependent_required,
  all_of,
  any_of,
  one_of,
  not_this,
  if_this,
  then_this,
  else_this,
  unevaluated_items,
  unevaluated_properties,
};

/// `unknown` also for a keyword of another draft than `of`.
keyword find_keyword(std::string_view name, draft of) noexcept;

/// Whether some draft has it.
bool is_of_any_draft(std::string_view name) noexcept;

} // namespace eventpulse::schema

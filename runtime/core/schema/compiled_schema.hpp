#pragma once
// The compiled form of a JSON Schema: nodes that refer to each other by index.
// Made by compile.cpp, walked by check.cpp.

#include "runtime/core/schema/formats.hpp"
#include "runtime/core/schema/json_schema.hpp"
#include "runtime/core/schema/patterns.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace eventpulse::schema {

/// The index of a node; `none` where a keyword is absent.
using node_id = uint32_t;
inline constexpr node_id none = UINT32_MAX;

enum type_bit : uint8_t {
  type_null = 1,
  type_boolean = 2,
  type_object = 4,
  type_array = 8,
  type_number = 16,
  type_string = 32,
  type_integer = 64,
};

struct number_bounds {
  std::optional<boost::json::value> minimum, maximum, exclusive_minimum,
      exclusive_maximum, multiple_of;
  bool any = false;
};

struct size_bounds {
  std::optional<uint64_t> min, max;
};

struct contains_part {
  node_id what = none;
  uint64_t min = 1;
  std::optional<uint64_t> max;
};

struct node {
  std::optional<bool> always; // the schemas `true` and `false`
  uint8_t types = 0;          // of type_bit; 0: any
  std::optional<boost::json::value> constant;
  std::optional<std::vector<boost::json::value>> enumeration;
  number_bounds number;
  size_bounds length, items, members;
  std::optional<pattern> text;
  format_check format = nullptr;
  std::string format_name;
  bool unique_items = false;
  std::vector<std::string> required;
  std::vector<std::pair<std::string, std::vector<std::string>>>
      dependent_required;

  std::map<std::string, node_id, std::less<>> properties;
  std::vector<std::pair<pattern, node_id>> pattern_properties;
  node_id additional_properties = none;
  node_id property_names = none;
  node_id unevaluated_properties = none;
  std::vector<node_id> prefix_items;
  node_id rest_items = none; // of what follows the prefix
  node_id unevaluated_items = none;
  contains_part contains;

  // In place: they say more of the same value.
  std::vector<node_id> all_of, any_of, one_of;
  node_id not_this = none;
  node_id condition = none, then_this = none, else_this = none;
  node_id reference = none;
  std::vector<std::pair<std::string, node_id>> dependent_schemas;
};

class compiled_schema {
public:
  std::vector<node> nodes;
  node_id root = 0;
  /// From 2020-12 on `contains` evaluates the items that it matches.
  bool contains_evaluates = true;
};

} // namespace eventpulse::schema

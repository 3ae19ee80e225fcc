#include "runtime/core/base/limits.hpp"
#include "runtime/core/schema/compiler.hpp"
#include "runtime/core/schema/values.hpp"

namespace eventpulse::schema {

namespace {

uint8_t type_named(std::string_view name) {
  constexpr std::pair<std::string_view, uint8_t> all[] = {
      {"null", type_null},      {"boolean", type_boolean},
      {"object", type_object},  {"array", type_array},
      {"number", type_number},  {"string", type_string},
      {"integer", type_integer}};
  for (auto& [known, bit] : all)
    if (known == name)
      return bit;
  return 0;
}

} // namespace

void compiler::read(node& n, keyword what, const json::value& v,
                    const std::string& at, size_t depth) {
  switch (what) {
  case keyword::unknown:
  case keyword::refused:
  case keyword::annotation:
  case keyword::schema_uri:
  case keyword::id:
  case keyword::anchor:
  case keyword::ref:
    return;
  case keyword::type:
    return read_type(n, v, at);
  case keyword::enumeration:
    if (!v.is_array() || v.get_array().empty())
      return fault(at, "must be an array with at least one value");
    n.enumeration.emplace(v.get_array().begin(), v.get_array().end());
    return;
  case keyword::constant:
    n.constant = v;
    return;
  case keyword::multiple_of:
    n.number.multiple_of = number(v, at);
    n.number.any = true;
    if (n.number.multiple_of && !(v.to_number<double>() > 0))
      fault(at, "must be greater than 0");
    return;
  case keyword::maximum:
    n.number.maximum = number(v, at);
    n.number.any = true;
    return;
  case keyword::exclusive_maximum:
    n.number.exclusive_maximum = number(v, at);
    n.number.any = true;
    return;
  case keyword::minimum:
    n.number.minimum = number(v, at);
    n.number.any = true;
    return;
  case keyword::exclusive_minimum:
    n.number.exclusive_minimum = number(v, at);
    n.number.any = true;
    return;
  case keyword::max_length:
    n.length.max = count(v, at);
    return;
  case keyword::min_length:
    n.length.min = count(v, at);
    return;
  case keyword::max_items:
    n.items.max = count(v, at);
    return;
  case keyword::min_items:
    n.items.min = count(v, at);
    return;
  case keyword::max_properties:
    n.members.max = count(v, at);
    return;
  case keyword::min_properties:
    n.members.min = count(v, at);
    return;
  case keyword::min_contains:
    if (auto least = count(v, at))
      n.contains.min = *least;
    return;
  case keyword::max_contains:
    n.contains.max = count(v, at);
    return;
  case keyword::unique_items:
    if (!v.is_bool())
      return fault(at, "must be true or false");
    n.unique_items = v.get_bool();
    return;
  case keyword::required:
    n.required = names(v, at);
    return;
  case keyword::pattern:
    return read_pattern(n, v, at);
  case keyword::format:
    return read_format(n, v, at);
  case keyword::definitions:
    by_name(v, at, depth);
    return;
  case keyword::dependent_required:
    if (!v.is_object())
      return fault(at, "must be an object of arrays of names");
    for (auto& [key, value] : v.get_object())
      n.dependent_required.emplace_back(
          key, names(value, below(at, {key.data(), key.size()})));
    return;
  case keyword::dependencies:
    return read_dependencies(n, v, at, depth);
  case keyword::items:
  case keyword::prefix_items:
  case keyword::additional_items:
  case keyword::contains:
  case keyword::properties:
  case keyword::pattern_properties:
  case keyword::additional_properties:
  case keyword::property_names:
  case keyword::dependent_schemas:
  case keyword::all_of:
  case keyword::any_of:
  case keyword::one_of:
  case keyword::not_this:
  case keyword::if_this:
  case keyword::then_this:
  case keyword::else_this:
  case keyword::unevaluated_items:
  case keyword::unevaluated_properties:
    return read_applicator(n, what, v, at, depth);
  }
}

void compiler::read_applicator(node& n, keyword what, const json::value& v,
                               const std::string& at, size_t depth) {
  auto one = [&] { return place(v, at, depth + 1); };
  switch (what) {
  case keyword::items:
    return read_items(n, v, at, depth);
  case keyword::prefix_items:
    n.prefix_items = list(v, at, depth);
    return;
  case keyword::additional_items:
    one(); // what it means is seen when the whole node is read
    return;
  case keyword::contains:
    n.contains.what = one();
    return;
  case keyword::properties:
    for (auto& [name, id] : by_name(v, at, depth))
      n.properties.emplace(name, id);
    return;
  case keyword::pattern_properties:
    for (auto& [text, id] : by_name(v, at, depth))
      n.pattern_properties.emplace_back(checked_pattern(text, below(at, text)),
                                        id);
    return;
  case keyword::additional_properties:
    n.additional_properties = one();
    return;
  case keyword::property_names:
    n.property_names = one();
    return;
  case keyword::dependent_schemas:
    for (auto& entry : by_name(v, at, depth))
      n.dependent_schemas.push_back(std::move(entry));
    return;
  case keyword::all_of:
    n.all_of = list(v, at, depth);
    return;
  case keyword::any_of:
    n.any_of = list(v, at, depth);
    return;
  case keyword::one_of:
    n.one_of = list(v, at, depth);
    return;
  case keyword::not_this:
    n.not_this = one();
    return;
  case keyword::if_this:
    n.condition = one();
    return;
  case keyword::then_this:
    n.then_this = one();
    return;
  case keyword::else_this:
    n.else_this = one();
    return;
  case keyword::unevaluated_items:
    n.unevaluated_items = one();
    return;
  case keyword::unevaluated_properties:
    n.unevaluated_properties = one();
    return;
  default:
    return;
  }
}

void compiler::read_type(node& n, const json::value& v, const std::string& at) {
  auto add = [&](const json::value& one, const std::string& where) {
    auto* name = one.if_string();
    auto bit = name ? type_named(view(*name)) : uint8_t{0};
    if (!bit)
      fault(where, "must be null, boolean, object, array, number, integer or "
                   "string");
    n.types |= bit;
  };
  auto* many = v.if_array();
  if (!many)
    return add(v, at);
  if (many->empty())
    fault(at, "must name at least one type");
  for (size_t i = 0; i < many->size(); ++i)
    add((*many)[i], at + '/' + std::to_string(i));
}

void compiler::read_items(node& n, const json::value& v, const std::string& at,
                          size_t depth) {
  if (!v.is_array())
    n.rest_items = place(v, at, depth + 1);
  else if (draft_ == draft::d2020)
    fault(at, "an array of schemas is called prefixItems in draft 2020-12");
  else
    n.prefix_items = list(v, at, depth, 0);
}

void compiler::read_dependencies(node& n, const json::value& v,
                                 const std::string& at, size_t depth) {
  if (!v.is_object())
    return fault(at, "must be an object");
  for (auto& [key, value] : v.get_object()) {
    auto here = below(at, {key.data(), key.size()});
    if (value.is_array())
      n.dependent_required.emplace_back(key, names(value, here));
    else
      n.dependent_schemas.emplace_back(key, place(value, here, depth + 1));
  }
}

pattern compiler::checked_pattern(std::string_view text,
                                  const std::string& at) {
  pattern out;
  if (++patterns_ > limits::schema_patterns_max)
    out.fault = "the schema has more than " +
                std::to_string(limits::schema_patterns_max) + " patterns";
  else
    out = compile_pattern(text);
  if (!out.regex)
    fault(at, out.fault);
  return out;
}

void compiler::read_pattern(node& n, const json::value& v,
                            const std::string& at) {
  if (!v.is_string())
    return fault(at, "must be a string");
  n.text = checked_pattern(view(v.get_string()), at);
}

void compiler::read_format(node& n, const json::value& v,
                           const std::string& at) {
  if (!v.is_string())
    return fault(at, "must be a string");
  n.format_name = view(v.get_string());
  n.format = find_format(n.format_name);
  if (!n.format && outcome_.notes.size() < limits::problem_errors_max)
    outcome_.notes.push_back({at, "the format is not checked; checked are " +
                                      std::string(format_names())});
}

std::optional<json::value> compiler::number(const json::value& v,
                                            const std::string& at) {
  if (v.is_number())
    return v;
  fault(at, v.is_bool() ? "must be a number, as it is from draft-06 on"
                        : "must be a number");
  return std::nullopt;
}

std::optional<uint64_t> compiler::count(const json::value& v,
                                        const std::string& at) {
  if (v.is_number() && is_integer(v) && v.to_number<double>() >= 0 &&
      v.to_number<double>() < 9e15)
    return static_cast<uint64_t>(v.to_number<double>());
  fault(at, "must be an integer, 0 or more");
  return std::nullopt;
}

std::vector<std::string> compiler::names(const json::value& v,
                                         const std::string& at) {
  std::vector<std::string> out;
  auto* many = v.if_array();
  if (!many) {
    fault(at, "must be an array of names");
    return out;
  }
  for (size_t i = 0; i < many->size(); ++i) {
    if (auto* name = (*many)[i].if_string())
      out.emplace_back(view(*name));
    else
      fault(at + '/' + std::to_string(i), "must be a string");
  }
  return out;
}

std::vector<node_id> compiler::list(const json::value& v, const std::string& at,
                                    size_t depth, size_t least) {
  std::vector<node_id> out;
  auto* many = v.if_array();
  if (!many || many->size() < least) {
    fault(at, "must be an array with at least one schema");
    return out;
  }
  for (size_t i = 0; i < many->size(); ++i)
    out.push_back(place((*many)[i], at + '/' + std::to_string(i), depth + 1));
  return out;
}

std::vector<std::pair<std::string, node_id>>
compiler::by_name(const json::value& v, const std::string& at, size_t depth) {
  std::vector<std::pair<std::string, node_id>> out;
  auto* many = v.if_object();
  if (!many) {
    fault(at, "must be an object of schemas");
    return out;
  }
  for (auto& [key, value] : *many)
    out.emplace_back(
        key, place(value, below(at, {key.data(), key.size()}), depth + 1));
  return out;
}

} // namespace eventpulse::schema

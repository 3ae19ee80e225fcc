#include "runtime/core/base/utf8.hpp"
#include "runtime/core/schema/checker.hpp"

#include <algorithm>

namespace eventpulse::schema {

namespace {

std::string_view view(const json::string& s) {
  return {s.data(), s.size()};
}

uint8_t types_of(const json::value& v) {
  switch (v.kind()) {
  case json::kind::null:
    return type_null;
  case json::kind::bool_:
    return type_boolean;
  case json::kind::object:
    return type_object;
  case json::kind::array:
    return type_array;
  case json::kind::string:
    return type_string;
  case json::kind::int64:
  case json::kind::uint64:
    return type_number | type_integer;
  case json::kind::double_:
    return is_integer(v) ? type_number | type_integer : type_number;
  }
  return 0;
}

std::string names_of(uint8_t types) {
  constexpr std::pair<uint8_t, const char*> all[] = {
      {type_null, "null"},        {type_boolean, "a boolean"},
      {type_object, "an object"}, {type_array, "an array"},
      {type_number, "a number"},  {type_integer, "an integer"},
      {type_string, "a string"}};
  std::string out;
  for (auto& [bit, name] : all)
    if (types & bit)
      out += (out.empty() ? "" : " or ") + std::string(name);
  return out;
}

std::string_view kind_name(const json::value& v) {
  switch (v.kind()) {
  case json::kind::null:
    return "null";
  case json::kind::bool_:
    return "a boolean";
  case json::kind::object:
    return "an object";
  case json::kind::array:
    return "an array";
  case json::kind::string:
    return "a string";
  default:
    return "a number";
  }
}

/// A value of the schema as a message can show it.
std::string shown(const json::value& v) {
  constexpr size_t shown_max = 64;
  auto text = json::serialize(v);
  auto cut = utf8_prefix(text, shown_max);
  return std::string(cut) + (cut.size() < text.size() ? "…" : "");
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

} // namespace

bool checker::scalars(const node& n, const json::value& v, const place& where,
                      sink* out) {
  if (n.types && !(n.types & types_of(v)))
    return fault(out, where,
                 "must be " + names_of(n.types) + ", not " +
                     std::string(kind_name(v)));
  if (n.constant && !are_equal(*n.constant, v, budget))
    return fault(out, where, "must be " + shown(*n.constant));
  if (n.enumeration) {
    bool found = false;
    for (auto& allowed : *n.enumeration)
      found = found || are_equal(allowed, v, budget);
    if (!found) {
      std::string all;
      constexpr size_t named_max = 8;
      for (size_t i = 0; i < std::min(named_max, n.enumeration->size()); ++i)
        all += (i ? ", " : "") + shown((*n.enumeration)[i]);
      if (n.enumeration->size() > named_max)
        all += ", …";
      return fault(out, where, "must be one of " + all);
    }
  }
  if (n.number.any && v.is_number())
    return numbers(n, v, where, out);
  if (auto* s = v.if_string())
    return strings(n, *s, where, out);
  return true;
}

bool checker::numbers(const node& n, const json::value& v, const place& where,
                      sink* out) const {
  auto& b = n.number;
  if (b.minimum && compare_numbers(v, *b.minimum) < 0)
    return fault(out, where, "must be at least " + shown(*b.minimum));
  if (b.maximum && compare_numbers(v, *b.maximum) > 0)
    return fault(out, where, "must be at most " + shown(*b.maximum));
  if (b.exclusive_minimum && compare_numbers(v, *b.exclusive_minimum) <= 0)
    return fault(out, where,
                 "must be greater than " + shown(*b.exclusive_minimum));
  if (b.exclusive_maximum && compare_numbers(v, *b.exclusive_maximum) >= 0)
    return fault(out, where,
                 "must be less than " + shown(*b.exclusive_maximum));
  if (b.multiple_of && !is_multiple(v, *b.multiple_of))
    return fault(out, where, "must be a multiple of " + shown(*b.multiple_of));
  return true;
}

bool checker::strings(const node& n, const json::string& s, const place& where,
                      sink* out) {
  auto text = view(s);
  if (n.length.min || n.length.max) {
    budget.take(text.size() / 64);
    auto count = characters(text);
    if (n.length.min && count < *n.length.min)
      return fault(out, where,
                   "must have at least " + std::to_string(*n.length.min) +
                       " characters");
    if (n.length.max && count > *n.length.max)
      return fault(out, where,
                   "must have at most " + std::to_string(*n.length.max) +
                       " characters");
  }
  if (n.text) {
    if (!budget.take(n.text->cost(text)))
      return false;
    if (!n.text->matches(text))
      return fault(out, where,
                   "must match the pattern " +
                       shown(json::string(n.text->regex->pattern())));
  }
  if (n.format) {
    budget.take(text.size() / 64);
    if (!n.format(text))
      return fault(out, where, "is no " + n.format_name);
  }
  return true;
}

bool checker::members(const node& n, const json::object& o, const place& where,
                      sink* out, marks* seen) {
  bool good = true;
  if (n.members.min && o.size() < *n.members.min)
    good = fault(out, where,
                 "must have at least " + std::to_string(*n.members.min) +
                     " members");
  if (n.members.max && o.size() > *n.members.max)
    good = fault(out, where,
                 "must have at most " + std::to_string(*n.members.max) +
                     " members");
  for (auto& name : n.required)
    if (budget.take(1) && !o.contains(name))
      good =
          fault(out, where, "the member " + in_quotes(name) + " is required");
  for (auto& [name, needed] : n.dependent_required) {
    if (!o.contains(name))
      continue;
    for (auto& other : needed)
      if (budget.take(1) && !o.contains(other))
        good = fault(out, where,
                     "the member " + in_quotes(other) +
                         " is required, as there is " + in_quotes(name));
  }
  if (!good && !out)
    return false;
  return named(n, o, where, out, seen) && good;
}

/// Every member against the schemas that its name leads to.
bool checker::named(const node& n, const json::object& o, const place& where,
                    sink* out, marks* seen) {
  if (n.properties.empty() && n.pattern_properties.empty() &&
      n.additional_properties == none && n.property_names == none)
    return true;
  bool good = true;
  size_t index = 0;
  for (auto& [name, value] : o) {
    std::string_view key{name.data(), name.size()};
    place here{&where, key};
    bool evaluated = false;
    if (n.property_names != none) {
      const json::value as_text(json::string_view(name.data(), name.size()));
      sink inner;
      inner.max = 1;
      if (!run(n.property_names, as_text, place{}, out ? &inner : nullptr,
               nullptr))
        good = fault(out, where,
                     "the member's name " + in_quotes(key) + " is not allowed" +
                         (inner.items.empty()
                              ? std::string{}
                              : ": it " + inner.items.front().detail));
    }
    if (auto found = n.properties.find(key); found != n.properties.end()) {
      evaluated = true;
      good = run(found->second, value, here, out, nullptr) && good;
    }
    for (auto& [pattern, id] : n.pattern_properties) {
      if (!budget.take(pattern.cost(key)))
        return false;
      if (!pattern.matches(key))
        continue;
      evaluated = true;
      good = run(id, value, here, out, nullptr) && good;
    }
    if (!evaluated && n.additional_properties != none) {
      evaluated = true;
      if (schema_.nodes[n.additional_properties].always == false)
        good = fault(out, here,
                     "the member " + in_quotes(key) + " is not allowed");
      else
        good = run(n.additional_properties, value, here, out, nullptr) && good;
    }
    if (evaluated && seen)
      (*seen)[index] = true;
    ++index;
    if (budget.spent || (!good && !out))
      return false;
  }
  return good;
}

bool checker::elements(const node& n, const json::array& a, const place& where,
                       sink* out, marks* seen) {
  bool good = true;
  if (n.items.min && a.size() < *n.items.min)
    good =
        fault(out, where,
              "must have at least " + std::to_string(*n.items.min) + " items");
  if (n.items.max && a.size() > *n.items.max)
    good =
        fault(out, where,
              "must have at most " + std::to_string(*n.items.max) + " items");
  if (!good && !out)
    return false;
  for (size_t i = 0; i < a.size(); ++i) {
    auto id = i < n.prefix_items.size() ? n.prefix_items[i] : n.rest_items;
    if (id == none)
      break;
    good = run(id, a[i], place{&where, {}, i, true}, out, nullptr) && good;
    if (seen)
      (*seen)[i] = true;
    if (budget.spent || (!good && !out))
      return false;
  }
  if (n.contains.what != none)
    good = contained(n, a, where, out, seen) && good;
  if (n.unique_items && (good || out))
    good = unique(a, where, out) && good;
  return good;
}

bool checker::contained(const node& n, const json::array& a, const place& where,
                        sink* out, marks* seen) {
  uint64_t count = 0;
  for (size_t i = 0; i < a.size() && !budget.spent; ++i) {
    if (!run(n.contains.what, a[i], place{&where, {}, i, true}, nullptr,
             nullptr))
      continue;
    ++count;
    if (seen && schema_.contains_evaluates)
      (*seen)[i] = true;
  }
  if (count < n.contains.min)
    return fault(out, where,
                 "must hold at least " + std::to_string(n.contains.min) +
                     " items as `contains` says, and holds " +
                     std::to_string(count));
  if (n.contains.max && count > *n.contains.max)
    return fault(out, where,
                 "must hold at most " + std::to_string(*n.contains.max) +
                     " items as `contains` says, and holds " +
                     std::to_string(count));
  return true;
}

bool checker::unique(const json::array& a, const place& where, sink* out) {
  std::vector<std::pair<uint64_t, size_t>> order;
  order.reserve(a.size());
  for (size_t i = 0; i < a.size(); ++i)
    order.emplace_back(hash_of(a[i], budget), i);
  std::sort(order.begin(), order.end());
  for (size_t i = 0; i < order.size(); ++i)
    for (size_t k = i + 1; k < order.size() && order[k].first == order[i].first;
         ++k) {
      if (are_equal(a[order[i].second], a[order[k].second], budget))
        return fault(out, where,
                     "items " + std::to_string(order[i].second) + " and " +
                         std::to_string(order[k].second) + " are the same");
      if (budget.spent)
        return false;
    }
  return true;
}

} // namespace eventpulse::schema

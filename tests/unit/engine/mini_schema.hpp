#pragma once
// As much of JSON Schema 2020-12 as schema/rule.schema.json uses, to hold the
// schema against the parser. A keyword it does not know throws.

#include <boost/json.hpp>
#include <re2/re2.h>

#include <stdexcept>
#include <string>

namespace eventpulse::testing {

class mini_schema {
public:
  explicit mini_schema(boost::json::value root) : root_(std::move(root)) {}

  bool valid(const boost::json::value& v) const { return holds(root_, v); }

private:
  using json = boost::json::value;

  static bool is_type(std::string_view type, const json& v) {
    if (type == "null")
      return v.is_null();
    if (type == "boolean")
      return v.is_bool();
    if (type == "number")
      return v.is_number();
    if (type == "integer")
      return v.is_int64() || v.is_uint64();
    if (type == "string")
      return v.is_string();
    if (type == "array")
      return v.is_array();
    return type == "object" && v.is_object();
  }

  size_t count(const json& schemas, const json& v) const {
    size_t n = 0;
    for (const auto& s : schemas.as_array())
      n += holds(s, v);
    return n;
  }

  bool holds(const json& schema, const json& v) const {
    for (const auto& keyword : schema.as_object())
      if (!keyword_holds(schema.as_object(), keyword.key(), keyword.value(), v))
        return false;
    return true;
  }

  bool keyword_holds(const boost::json::object& schema, std::string_view name,
                     const json& how, const json& v) const {
    if (name == "type") {
      if (how.is_string())
        return is_type(how.get_string(), v);
      for (const auto& t : how.as_array())
        if (is_type(t.as_string(), v))
          return true;
      return false;
    }
    if (name == "$ref")
      return holds(
          root_.at_pointer(std::string_view{how.as_string()}.substr(1)), v);
    if (name == "enum" || name == "const")
      return name == "const"
                 ? how == v
                 : std::find(how.as_array().begin(), how.as_array().end(), v) !=
                       how.as_array().end();
    if (name == "oneOf")
      return count(how, v) == 1;
    if (name == "anyOf")
      return count(how, v) > 0;
    if (name == "allOf")
      return count(how, v) == how.as_array().size();
    if (name == "if")
      return !holds(how, v) || holds(schema.at("then"), v);
    if (name == "then" || name == "$schema" || name == "$id" ||
        name == "title" || name == "description" || name == "default" ||
        name == "$defs")
      return true;
    if (v.is_object() && object_holds(schema, name, how, v.get_object()))
      return true;
    if (v.is_object())
      return false;
    return scalar_holds(name, how, v);
  }

  bool object_holds(const boost::json::object& schema, std::string_view name,
                    const json& how, const boost::json::object& v) const {
    if (name == "required") {
      for (const auto& field : how.as_array())
        if (!v.contains(field.as_string()))
          return false;
      return true;
    }
    if (name == "maxProperties")
      return v.size() <= how.to_number<size_t>();
    if (name == "properties") {
      for (const auto& p : how.as_object())
        if (const auto* inner = v.if_contains(p.key()))
          if (!holds(p.value(), *inner))
            return false;
      return true;
    }
    if (name == "additionalProperties") {
      const auto* known = schema.if_contains("properties");
      for (const auto& member : v)
        if (known == nullptr || !known->as_object().contains(member.key()))
          if (how.is_bool() ? !how.get_bool() : !holds(how, member.value()))
            return false;
      return true;
    }
    return true;
  }

  bool scalar_holds(std::string_view name, const json& how,
                    const json& v) const {
    if (name == "pattern")
      return !v.is_string() ||
             re2::RE2::PartialMatch(std::string{v.get_string()},
                                    std::string{how.as_string()});
    if (name == "maxLength")
      return !v.is_string() || v.get_string().size() <= how.to_number<size_t>();
    if (name == "minimum")
      return !v.is_number() || v.to_number<double>() >= how.to_number<double>();
    if (name == "maximum")
      return !v.is_number() || v.to_number<double>() <= how.to_number<double>();
    if (name == "maxItems")
      return !v.is_array() || v.get_array().size() <= how.to_number<size_t>();
    if (name == "items") {
      if (!v.is_array())
        return true;
      for (const auto& item : v.get_array())
        if (!holds(how, item))
          return false;
      return true;
    }
    if (name == "required" || name == "properties" || name == "maxProperties" ||
        name == "additionalProperties")
      return true;
    throw std::logic_error{"unknown keyword " + std::string{name}};
  }

  json root_;
};

} // namespace eventpulse::testing

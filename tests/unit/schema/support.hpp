#pragma once
#include "runtime/core/base/json_parse.hpp"
#include "runtime/core/schema/json_schema.hpp"

#include <string>

namespace eventpulse::test {

/// "pointer: detail" lines.
inline std::string lines_of(const std::vector<problem_item>& all) {
  std::string out;
  for (auto& item : all)
    out += (out.empty() ? "" : "\n") + item.pointer + ": " + item.detail;
  return out;
}

/// What is wrong with the schema; empty: nothing.
inline std::string faults_of(const std::string& schema) {
  return lines_of(schema::compile(schema).faults);
}

/// What is wrong with the value; empty: nothing.
inline std::string errors_of(const std::string& schema,
                             const std::string& value) {
  auto made = schema::compile(schema);
  if (!made.schema)
    return "NO SCHEMA " + lines_of(made.faults);
  return lines_of(schema::check(*made.schema, parse_kept_json(value)).errors);
}

} // namespace eventpulse::test

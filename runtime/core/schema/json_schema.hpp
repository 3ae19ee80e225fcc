#pragma once
// JSON Schema (json-schema.org: draft-06, draft-07, 2019-09, 2020-12): a
// document to a compiled schema, and a value to what is wrong with it. Used for
// the data of events whose type has a schema. A compiled schema is immutable
// and may be used from several threads.
//
// It promises bounded work: patterns are RE2's (no look-around, no references
// back), a schema has a bounded size, and checking a value has a budget of
// steps. What it does not understand is refused when the schema is compiled and
// never passed over in silence: unknown keywords, $dynamicRef, $recursiveRef,
// $vocabulary, an $id below the root, and a $ref out of the document.
// `format` is checked where formats.hpp knows it, and noted where not.

#include "messages/problem.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::schema {

class compiled_schema;
using compiled_schema_ptr = std::shared_ptr<const compiled_schema>;

struct compile_outcome {
  compiled_schema_ptr schema; // null where there are faults
  /// Pointers are RFC 6901 into the schema; at most problem_errors_max.
  std::vector<problem_item> faults;
  /// What is taken but not checked, such as formats that are not known.
  std::vector<problem_item> notes;
};

/// `text` is the schema as JSON; draft 2020-12 unless `$schema` says otherwise.
compile_outcome compile(std::string_view text);

struct check_outcome {
  /// Pointers are RFC 6901 into the value; at most problem_errors_max. Empty:
  /// the value fits.
  std::vector<problem_item> errors;
  /// The budget ran out or the value is too deep for it; the one error says so.
  bool is_too_costly = false;
};

check_outcome check(const compiled_schema& schema,
                    const boost::json::value& value);

} // namespace eventpulse::schema

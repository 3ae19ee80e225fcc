#pragma once
// Runs cases of CEL's conformance suite in the form of `eventpulse cel
// --cases`: one JSON object a case in, one out. Used by that command and by the
// conformance test. Values are tagged by type ({"int": "5"}), so that nothing
// of CEL's number line is lost in JSON.

#include "runtime/core/cel/value.hpp"
#include "runtime/core/cel/zones.hpp"

#include <boost/json/fwd.hpp>

#include <memory>
#include <string>

namespace eventpulse::cel {

/// `case_of` has `expr` and may have `id`, `bindings`, `type_env`, `container`,
/// `disable_check`, `disable_macros`, `check_only`. The answer is one line of
/// JSON: {"id", "value": tagged} or {"id", "error": text}; with `check_only`
/// {"id", "deduced_type"}, and where `profile` is "type_checker" both. Without
/// `zones` those installed in the system are used.
std::string run_case(const boost::json::object& case_of,
                     std::shared_ptr<const zone_source> zones = nullptr);

/// {"double": "-0.0"}; an optional is {"optional": V or null}.
boost::json::value to_tagged(const value& v);
/// The value of a tagged JSON value; an error value when it is none.
value from_tagged(const boost::json::value& tagged);

} // namespace eventpulse::cel

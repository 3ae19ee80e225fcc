#pragma once
// What a plain (unquoted) scalar of YAML is, by the core schema (YAML 1.2.2,
// section 10.3.2): null, bool, integer, float, else text; so `yes` and `on` are
// texts. Used by the YAML reader of rule documents.

#include <boost/json/value.hpp>

#include <string>

namespace eventpulse {

/// Integers that do not fit int64 are doubles; .inf and .nan, which JSON does
/// not have, stay texts.
boost::json::value plain_scalar(const std::string& text);

} // namespace eventpulse

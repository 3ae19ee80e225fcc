#pragma once
// The key of a group: a text that equal values share and different ones do not,
// fit for a text column (UTF-8 without NUL).

#include "runtime/core/cel/value.hpp"

#include <string>

namespace eventpulse {

std::string group_key_text(const cel::value& list);

} // namespace eventpulse

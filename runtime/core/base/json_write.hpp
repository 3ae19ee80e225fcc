#pragma once
// A JSON value as text, with doubles as people write them: 5.0, 0.1, 1e+300.
// Boost.JSON writes 5E0 and 1E-1, which is JSON too but puzzles whoever reads
// an alert or a rule. Used wherever numbers that came from events or authors go
// out. Parsed again, every double is the same double.

#include <boost/json/fwd.hpp>

#include <string>

namespace eventpulse {

std::string json_text(const boost::json::value& v);

} // namespace eventpulse

#pragma once
// Boost.JSON for text that intake or the rule reader let in already. That may
// be nested as deep as their limits allow, while Boost.JSON stops at 32 levels
// unless told otherwise; and it may hold zeros such as 0e999, which Boost.JSON
// reads as NaN, or 1e-99999999999, which it refuses.

#include <boost/json.hpp>

#include <string_view>

namespace eventpulse {

/// `wrong` is set where the text is no JSON or deeper than any of our limits.
boost::json::value parse_kept_json(std::string_view text,
                                   boost::system::error_code& wrong,
                                   boost::json::storage_ptr memory = {});

/// Of text that is ours; throws where it is no JSON, which is a fault of ours.
boost::json::value parse_kept_json(std::string_view text);

} // namespace eventpulse

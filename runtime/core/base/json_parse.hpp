#pragma once
// Boost.JSON for text that intake or the rule reader let in already: it may be
// nested as deep as their limits allow, while Boost.JSON stops at 32 levels
// unless told otherwise.

#include "runtime/core/base/limits.hpp"

#include <boost/json.hpp>

#include <string_view>

namespace eventpulse {

/// `wrong` is set where the text is no JSON or deeper than any of our limits.
inline boost::json::value parse_kept_json(std::string_view text,
                                          boost::system::error_code& wrong) {
  boost::json::parse_options options;
  options.max_depth = limits::payload_depth_max + 16; // what we put around it
  return boost::json::parse(text, wrong, {}, options);
}

/// Of text that is ours; throws where it is no JSON, which is a fault of ours.
inline boost::json::value parse_kept_json(std::string_view text) {
  boost::system::error_code wrong;
  auto out = parse_kept_json(text, wrong);
  if (wrong)
    throw boost::system::system_error(wrong);
  return out;
}

} // namespace eventpulse

#pragma once
// What `eventpulse tail` prints for people: a message of the live feed as one
// line. Pure.

#include <boost/json.hpp>

#include <cstddef>
#include <string>

namespace eventpulse {

struct live_line_options {
  bool colours = false;
  size_t columns = 0; // longer lines are cut; 0: none is
};

/// "12:03:04.123  alert.opened  critical  card-testing  5 small declines [c1]".
/// Control characters, which could steer a terminal, are shown as escapes.
std::string live_line(const boost::json::object& message,
                      const live_line_options& options);

/// The percent-encoded form of a query's value (RFC 3986, unreserved stay).
std::string query_value(const std::string& text);

} // namespace eventpulse

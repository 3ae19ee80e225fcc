// CEL values as text and as JSON.

#include "runtime/core/base/hash.hpp"
#include "runtime/core/cel/network.hpp"
#include "runtime/core/cel/times.hpp"
#include "runtime/core/cel/value.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace eventpulse::cel {

namespace json = boost::json;

namespace {

std::string literal_list(const value& v) {
  std::string out = "[";
  for (size_t i = 0; i < v.size(); ++i) {
    if (i != 0)
      out += ", ";
    out += to_literal(v.item(i));
  }
  return out + ']';
}

std::string literal_map(const value& lazy_or_not) {
  const auto v = lazy_or_not.settled();
  std::string out = "{";
  for (size_t i = 0; i < v.size(); ++i) {
    if (i != 0)
      out += ", ";
    out += to_literal(v.key(i)) + ": " + to_literal(v.mapped(i));
  }
  return out + '}';
}

json::value json_double(double d) {
  if (std::isfinite(d))
    return d;
  return json::value(double_text(d));
}

json::value json_list(const value& v) {
  json::array out;
  for (size_t i = 0; i < v.size(); ++i)
    out.push_back(to_json(v.item(i)));
  return out;
}

json::value json_map(const value& lazy_or_not) {
  const auto v = lazy_or_not.settled();
  json::object out;
  for (size_t i = 0; i < v.size(); ++i)
    out[to_text(v.key(i))] = to_json(v.mapped(i));
  return out;
}

// Length first, so that no two different sequences share a text.
std::string framed(char tag, std::string_view text) {
  return tag + std::to_string(text.size()) + ':' + std::string{text};
}

// Numbers that are equal have one key. Integers keep all their digits, beyond
// 2^53 too, where CEL would call different ones equal to the same double: ids
// of producers must not fall together.
std::string number_key(const value& v) {
  constexpr double bound = 9223372036854775808.0; // 2^63
  if (v.is(kind::integer))
    return framed('n', std::to_string(v.as_int()));
  if (v.is(kind::unsigned_integer))
    return framed('n', std::to_string(v.as_uint()));
  const auto d = v.as_double();
  if (d == std::floor(d) && d >= -bound && d < bound)
    return framed('n', std::to_string(static_cast<int64_t>(d)));
  return framed('n', double_text(d));
}

std::string aggregate_key(const value& v) {
  if (v.is(kind::list)) {
    std::string out;
    for (size_t i = 0; i < v.size(); ++i)
      out += group_key(v.item(i));
    return framed('l', out);
  }
  const auto m = v.settled();
  std::vector<std::string> parts;
  for (size_t i = 0; i < m.size(); ++i)
    parts.push_back(group_key(m.key(i)) + group_key(m.mapped(i)));
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const auto& part : parts)
    out += part;
  return framed('m', out);
}

} // namespace

std::string double_text(double d) {
  if (std::isnan(d))
    return "NaN";
  if (std::isinf(d))
    return d < 0 ? "-Infinity" : "Infinity";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d).ptr;
  return {buffer, end};
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
    case '\a':
      out += "\\a";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\v':
      out += "\\v";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '"':
      out += "\\\"";
      break;
    default:
      out += c;
    }
  }
  return out + '"';
}

std::string to_literal(const value& v) {
  switch (v.kind_of()) {
  case kind::null:
    return "null";
  case kind::boolean:
    return v.as_bool() ? "true" : "false";
  case kind::integer:
    return std::to_string(v.as_int());
  case kind::unsigned_integer:
    return std::to_string(v.as_uint()) + 'u';
  case kind::real:
    return double_text(v.as_double());
  case kind::string:
    return quoted(v.text());
  case kind::bytes:
    return 'b' + quoted(v.text());
  case kind::list:
    return literal_list(v);
  case kind::map:
    return literal_map(v);
  case kind::timestamp:
    return "timestamp(" + quoted(timestamp_text(v.seconds(), v.nanos())) + ')';
  case kind::duration:
    return "duration(" + quoted(duration_text(v.nanoseconds())) + ')';
  case kind::type:
    return std::string{v.text()};
  case kind::optional:
    return v.inner() ? "optional.of(" + to_literal(*v.inner()) + ')'
                     : "optional.none()";
  case kind::ip:
    return "ip(" + quoted(ip_text(v)) + ')';
  case kind::cidr:
    return "cidr(" + quoted(cidr_text(v)) + ')';
  case kind::error:
    return "error(" + quoted(v.error_text()) + ')';
  }
  return {};
}

std::string to_text(const value& v) {
  switch (v.kind_of()) {
  case kind::string:
  case kind::bytes:
    return std::string{v.text()};
  case kind::unsigned_integer:
    return std::to_string(v.as_uint());
  case kind::timestamp:
    return timestamp_text(v.seconds(), v.nanos());
  case kind::duration:
    return duration_text(v.nanoseconds());
  case kind::optional:
    return v.inner() ? to_text(*v.inner()) : std::string{};
  case kind::ip:
    return ip_text(v);
  case kind::cidr:
    return cidr_text(v);
  case kind::error:
    return v.error_text();
  case kind::null:
  case kind::boolean:
  case kind::integer:
  case kind::real:
  case kind::list:
  case kind::map:
  case kind::type:
    break;
  }
  return to_literal(v);
}

json::value to_json(const value& v) {
  switch (v.kind_of()) {
  case kind::null:
    return nullptr;
  case kind::boolean:
    return v.as_bool();
  case kind::integer:
    return v.as_int();
  case kind::unsigned_integer:
    return v.as_uint();
  case kind::real:
    return json_double(v.as_double());
  case kind::bytes:
    return json::value(base64_encode(v.text()));
  case kind::list:
    return json_list(v);
  case kind::map:
    return json_map(v);
  case kind::optional:
    return v.inner() ? to_json(*v.inner()) : json::value{};
  case kind::error:
    return json::object{{"error", v.error_text()}};
  case kind::string:
  case kind::timestamp:
  case kind::duration:
  case kind::type:
  case kind::ip:
  case kind::cidr:
    break;
  }
  return json::value(to_text(v));
}

std::string group_key(const value& v) {
  switch (v.kind_of()) {
  case kind::null:
    return "z";
  case kind::boolean:
    return v.as_bool() ? "t" : "f";
  case kind::integer:
  case kind::unsigned_integer:
  case kind::real:
    return number_key(v);
  case kind::string:
    return framed('s', v.text());
  case kind::bytes:
    return framed('b', v.text());
  case kind::list:
  case kind::map:
    return aggregate_key(v);
  case kind::timestamp:
    return framed('T', to_text(v));
  case kind::duration:
    return framed('D', to_text(v));
  case kind::type:
    return framed('y', v.text());
  case kind::optional:
    return v.inner() ? framed('o', group_key(*v.inner())) : "o";
  case kind::ip:
    return framed('i', ip_text(v));
  case kind::cidr:
    return framed('c', cidr_text(v));
  case kind::error:
    return framed('e', v.error_text());
  }
  return {};
}

} // namespace eventpulse::cel

// CEL values as text and as JSON.

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/limits.hpp"
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

// What a walk over a value may still visit. Values share parts, so a small one
// may be huge when it is written out.
constexpr size_t parts_max = 1'000'000;

// Writes CEL literals up to a size, then an ellipsis.
class literal_writer {
public:
  void write(const value& v) {
    if (out_.size() > limits::cel_text_bytes_max) {
      cut_ = true;
    } else if (v.is(kind::list)) {
      list(v);
    } else if (v.is(kind::map)) {
      map(v.settled());
    } else if (v.is(kind::optional) && v.inner()) {
      out_ += "optional.of(";
      write(*v.inner());
      out_ += ')';
    } else {
      out_ += scalar_literal(v);
    }
  }
  std::string text() && {
    if (cut_)
      out_ += "…";
    return std::move(out_);
  }

private:
  void list(const value& v) {
    out_ += '[';
    for (size_t i = 0; i < v.size() && !cut_; ++i) {
      out_ += i == 0 ? "" : ", ";
      write(v.item(i));
    }
    out_ += ']';
  }

  void map(const value& v) {
    out_ += '{';
    for (size_t i = 0; i < v.size() && !cut_; ++i) {
      out_ += i == 0 ? "" : ", ";
      write(v.key(i));
      out_ += ": ";
      write(v.mapped(i));
    }
    out_ += '}';
  }

  static std::string scalar_literal(const value& v);

  std::string out_;
  bool cut_ = false;
};

json::value json_double(double d) {
  if (std::isfinite(d))
    return d;
  return json::value(double_text(d));
}

json::value json_of(const value& v, size_t& left);

json::value json_list(const value& v, size_t& left) {
  json::array out;
  for (size_t i = 0; i < v.size() && left > 0; ++i)
    out.push_back(json_of(v.item(i), left));
  return out;
}

json::value json_map(const value& lazy_or_not, size_t& left) {
  const auto v = lazy_or_not.settled();
  json::object out;
  for (size_t i = 0; i < v.size() && left > 0; ++i)
    out[to_text(v.key(i))] = json_of(v.mapped(i), left);
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

std::string key_of(const value& v, size_t& left);

std::string aggregate_key(const value& v, size_t& left) {
  std::string out;
  if (v.is(kind::list)) {
    for (size_t i = 0; i < v.size() && left > 0; ++i)
      out += key_of(v.item(i), left);
    return framed('l', out);
  }
  const auto m = v.settled();
  std::vector<std::string> parts;
  for (size_t i = 0; i < m.size() && left > 0; ++i)
    parts.push_back(key_of(m.key(i), left) + key_of(m.mapped(i), left));
  std::sort(parts.begin(), parts.end());
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

std::string literal_writer::scalar_literal(const value& v) {
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
    return cel::quoted(v.text());
  case kind::bytes:
    return 'b' + cel::quoted(v.text());
  case kind::timestamp:
    return "timestamp(" + cel::quoted(timestamp_text(v.seconds(), v.nanos())) +
           ')';
  case kind::duration:
    return "duration(" + cel::quoted(duration_text(v.nanoseconds())) + ')';
  case kind::type:
    return std::string{v.text()};
  case kind::optional:
    return "optional.none()";
  case kind::list:
  case kind::map:
    break;
  case kind::ip:
    return "ip(" + cel::quoted(ip_text(v)) + ')';
  case kind::cidr:
    return "cidr(" + cel::quoted(cidr_text(v)) + ')';
  case kind::error:
    return "error(" + cel::quoted(v.error_text()) + ')';
  }
  return {};
}

std::string to_literal(const value& v) {
  literal_writer writer;
  writer.write(v);
  return std::move(writer).text();
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

namespace {

json::value json_of(const value& v, size_t& left) {
  left -= left > 0 ? 1 : 0;
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
    return json_list(v, left);
  case kind::map:
    return json_map(v, left);
  case kind::optional:
    return v.inner() ? json_of(*v.inner(), left) : json::value{};
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

} // namespace

json::value to_json(const value& v) {
  size_t left = parts_max;
  return json_of(v, left);
}

namespace {

std::string key_of(const value& v, size_t& left) {
  left -= left > 0 ? 1 : 0;
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
    return aggregate_key(v, left);
  case kind::timestamp:
    return framed('T', to_text(v));
  case kind::duration:
    return framed('D', to_text(v));
  case kind::type:
    return framed('y', v.text());
  case kind::optional:
    return v.inner() ? framed('o', key_of(*v.inner(), left)) : "o";
  case kind::ip:
    return framed('i', ip_text(v));
  case kind::cidr:
    return framed('c', cidr_text(v));
  case kind::error:
    return framed('e', v.error_text());
  }
  return {};
}

} // namespace

std::string group_key(const value& v) {
  size_t left = parts_max;
  return key_of(v, left);
}

} // namespace eventpulse::cel

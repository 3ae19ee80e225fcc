// Conversions between types, dyn() and type() (langdef.md, "Functions").

#include "runtime/core/cel/functions.hpp"
#include "runtime/core/cel/network.hpp"
#include "runtime/core/cel/times.hpp"
#include "runtime/core/cel/utf8.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;

constexpr double two_63 = 9223372036854775808.0;
constexpr double two_64 = 18446744073709551616.0;

value unreadable(std::string_view text, std::string_view wanted) {
  return value::error(fault::invalid_argument, quoted(text.substr(0, 64)) +
                                                   " is no " +
                                                   std::string{wanted});
}

value out_of(std::string_view wanted) {
  return value::error(fault::out_of_range, wanted, nullptr);
}

// The whole text as a number, an optional leading '+' included.
template <class T>
bool read_whole(std::string_view text, T& out) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-')
    text.remove_prefix(1);
  const auto end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, out);
  return problem == std::errc{} && stop == end && !text.empty();
}

value to_int(call_context&, arguments a) {
  if (a.size() != 1)
    return no_overload("int", a);
  const auto& v = a[0];
  switch (v.kind_of()) {
  case kind::integer:
    return v;
  case kind::unsigned_integer:
    return v.as_uint() <= INT64_MAX
               ? value::integer(static_cast<int64_t>(v.as_uint()))
               : out_of("int");
  case kind::real: {
    const auto d = std::trunc(v.as_double());
    return d > -two_63 && d < two_63 ? value::integer(static_cast<int64_t>(d))
                                     : out_of("int");
  }
  case kind::string: {
    int64_t out = 0;
    return read_whole(v.text(), out) ? value::integer(out)
                                     : unreadable(v.text(), "int");
  }
  case kind::timestamp:
    return value::integer(v.seconds());
  case kind::duration:
    return value::integer(v.nanoseconds());
  default:
    return no_overload("int", a);
  }
}

value to_uint(call_context&, arguments a) {
  if (a.size() != 1)
    return no_overload("uint", a);
  const auto& v = a[0];
  switch (v.kind_of()) {
  case kind::unsigned_integer:
    return v;
  case kind::integer:
    return v.as_int() >= 0
               ? value::unsigned_integer(static_cast<uint64_t>(v.as_int()))
               : out_of("uint");
  case kind::real: {
    const auto d = std::trunc(v.as_double());
    return d >= 0 && d < two_64
               ? value::unsigned_integer(static_cast<uint64_t>(d))
               : out_of("uint");
  }
  case kind::string: {
    uint64_t out = 0;
    return read_whole(v.text(), out) ? value::unsigned_integer(out)
                                     : unreadable(v.text(), "uint");
  }
  default:
    return no_overload("uint", a);
  }
}

value double_of(std::string_view text) {
  for (const auto* name : {"NaN", "nan"})
    if (text == name)
      return value::real(std::nan(""));
  auto rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+'))
    rest.remove_prefix(1);
  for (const auto* name : {"Infinity", "infinity", "inf", "Inf"})
    if (rest == name)
      return value::real(negative ? -HUGE_VAL : HUGE_VAL);
  double out = 0;
  const auto end = rest.data() + rest.size();
  const auto [stop, problem] = std::from_chars(rest.data(), end, out);
  const bool digit_first =
      !rest.empty() && ((rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.');
  if (!digit_first || stop != end || problem == std::errc::invalid_argument)
    return unreadable(text, "double");
  if (problem == std::errc::result_out_of_range) {
    // from_chars does not say which side; strtod does.
    if (std::strtod(std::string{rest}.c_str(), nullptr) > 1)
      return out_of("double");
    out = 0;
  }
  return value::real(negative ? -out : out);
}

value to_double(call_context&, arguments a) {
  if (a.size() != 1)
    return no_overload("double", a);
  if (a[0].is(kind::string))
    return double_of(a[0].text());
  return a[0].is_number() ? value::real(a[0].number())
                          : no_overload("double", a);
}

value to_bool(call_context&, arguments a) {
  if (a.size() != 1 || (!a[0].is(kind::boolean) && !a[0].is(kind::string)))
    return no_overload("bool", a);
  if (a[0].is(kind::boolean))
    return a[0];
  for (const auto* yes : {"1", "t", "true", "TRUE", "True"})
    if (a[0].text() == yes)
      return value::boolean(true);
  for (const auto* no : {"0", "f", "false", "FALSE", "False"})
    if (a[0].text() == no)
      return value::boolean(false);
  return unreadable(a[0].text(), "bool");
}

value to_string(call_context& context, arguments a) {
  if (a.size() != 1)
    return no_overload("string", a);
  const auto& v = a[0];
  switch (v.kind_of()) {
  case kind::string:
    return v;
  case kind::boolean:
  case kind::integer:
  case kind::unsigned_integer:
  case kind::real:
  case kind::timestamp:
  case kind::duration:
  case kind::ip:
  case kind::cidr:
    return value::string(to_text(v));
  case kind::bytes:
    if (auto over = context.charge(1 + v.text().size() / 32))
      return *over;
    if (!is_utf8(v.text()))
      return value::error(fault::invalid_argument, "bytes are no UTF-8",
                          nullptr);
    return value::string(v.text(), v.kept());
  default:
    return no_overload("string", a);
  }
}

value to_bytes(call_context&, arguments a) {
  if (a.size() != 1 || (!a[0].is(kind::string) && !a[0].is(kind::bytes)))
    return no_overload("bytes", a);
  return a[0].is(kind::bytes) ? a[0] : value::bytes(std::string{a[0].text()});
}

value to_timestamp(call_context&, arguments a) {
  if (a.size() != 1)
    return no_overload("timestamp", a);
  if (a[0].is(kind::string))
    return parse_timestamp(a[0].text());
  if (a[0].is(kind::integer))
    return checked_timestamp(a[0].as_int(), 0);
  return a[0].is(kind::timestamp) ? a[0] : no_overload("timestamp", a);
}

value to_duration(call_context&, arguments a) {
  if (a.size() != 1)
    return no_overload("duration", a);
  if (a[0].is(kind::string))
    return parse_duration(a[0].text());
  if (a[0].is(kind::integer))
    return value::duration(a[0].as_int());
  return a[0].is(kind::duration) ? a[0] : no_overload("duration", a);
}

value to_dyn(call_context&, arguments a) {
  return a.size() == 1 ? a[0] : no_overload("dyn", a);
}

value type_of(call_context&, arguments a) {
  if (a.size() != 1)
    return no_overload("type", a);
  return value::type_name(type_name_of(a[0]));
}

} // namespace

void add_conversions(library& to) {
  to.add_foldable("int", to_int,
                  {"int->int", "uint->int", "double->int", "string->int",
                   "timestamp->int", "duration->int"});
  to.add_foldable("uint", to_uint,
                  {"uint->uint", "int->uint", "double->uint", "string->uint"});
  to.add_foldable(
      "double", to_double,
      {"double->double", "int->double", "uint->double", "string->double"});
  to.add_foldable("bool", to_bool, {"bool->bool", "string->bool"});
  to.add_foldable("string", to_string,
                  {"string->string", "bool->string", "int->string",
                   "uint->string", "double->string", "bytes->string",
                   "timestamp->string", "duration->string", "net.IP->string",
                   "net.CIDR->string"});
  to.add_foldable("bytes", to_bytes, {"bytes->bytes", "string->bytes"});
  to.add_foldable(
      "timestamp", to_timestamp,
      {"timestamp->timestamp", "string->timestamp", "int->timestamp"});
  to.add_foldable("duration", to_duration,
                  {"duration->duration", "string->duration", "int->duration"});
  to.add("dyn", to_dyn, {"A->dyn"});
  to.add("type", type_of, {"A->type(A)"});
}

} // namespace eventpulse::cel

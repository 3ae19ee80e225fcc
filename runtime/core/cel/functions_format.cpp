// "…%d…".format([…]) of the strings extension.

#include "runtime/core/cel/functions.hpp"
#include "runtime/core/cel/times.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;

constexpr int precision_default = 6;
constexpr int precision_max = 100;

struct clause {
  char letter = 0;
  int precision = precision_default;
};

value wrong_type(std::string_view wanted, const value& v) {
  return value::error(fault::invalid_argument,
                      std::string{wanted} + ", was given " +
                          std::string{type_name_of(v)});
}

std::string plain(const value& v);

std::string plain_list(const value& v) {
  std::string out = "[";
  for (size_t i = 0; i < v.size(); ++i)
    out += (i == 0 ? "" : ", ") + plain(v.item(i));
  return out + ']';
}

// Sorted by the text of the keys, so that equal maps have equal texts.
std::string plain_map(const value& lazy_or_not) {
  const auto v = lazy_or_not.settled();
  std::vector<std::pair<std::string, std::string>> parts;
  for (size_t i = 0; i < v.size(); ++i)
    parts.emplace_back(plain(v.key(i)), plain(v.mapped(i)));
  std::sort(parts.begin(), parts.end());
  std::string out = "{";
  for (const auto& [key, mapped] : parts)
    out += (out.size() == 1 ? "" : ", ") + key + ": " + mapped;
  return out + '}';
}

// Never with an exponent.
std::string plain_double(double d) {
  if (!std::isfinite(d))
    return double_text(d);
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d,
                                 std::chars_format::fixed);
  return {buffer, end.ptr};
}

std::string plain(const value& v) {
  if (v.is(kind::real))
    return plain_double(v.as_double());
  if (v.is(kind::list))
    return plain_list(v);
  return v.is(kind::map) ? plain_map(v) : to_text(v);
}

bool prints_plainly(const value& v) {
  if (v.is(kind::optional) || v.is_error())
    return false;
  if (v.is(kind::list)) {
    for (size_t i = 0; i < v.size(); ++i)
      if (!prints_plainly(v.item(i)))
        return false;
  }
  if (v.is(kind::map)) {
    const auto m = v.settled();
    for (size_t i = 0; i < m.size(); ++i)
      if (!prints_plainly(m.mapped(i)))
        return false;
  }
  return true;
}

std::string in_base(const value& v, int base) {
  char buffer[72];
  const auto end =
      v.is(kind::integer)
          ? std::to_chars(buffer, buffer + sizeof buffer, v.as_int(), base)
          : std::to_chars(buffer, buffer + sizeof buffer, v.as_uint(), base);
  return {buffer, end.ptr};
}

std::string hex_bytes(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

value decimal(const value& v) {
  if (v.is(kind::integer) || v.is(kind::unsigned_integer))
    return value::string(to_text(v));
  if (v.is(kind::real) && !std::isfinite(v.as_double()))
    return value::string(double_text(v.as_double()));
  return wrong_type("%d takes integers", v);
}

value floating(const value& v, const clause& c) {
  if (!v.is_number())
    return wrong_type("%f and %e take numbers", v);
  const auto d = v.number();
  if (!std::isfinite(d))
    return value::string(double_text(d));
  char buffer[512];
  const auto style = c.letter == 'f' ? std::chars_format::fixed
                                     : std::chars_format::scientific;
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, d, style, c.precision);
  return value::string(std::string{buffer, end.ptr});
}

value hexadecimal(const value& v, const clause& c) {
  std::string out;
  if (v.is(kind::integer) || v.is(kind::unsigned_integer))
    out = in_base(v, 16);
  else if (v.is(kind::string) || v.is(kind::bytes))
    out = hex_bytes(v.text());
  else
    return wrong_type("%x takes integers, bytes and strings", v);
  if (c.letter == 'X')
    for (char& digit : out)
      if (digit >= 'a' && digit <= 'f')
        digit = static_cast<char>(digit - 'a' + 'A');
  return value::string(std::move(out));
}

value formatted(const value& v, const clause& c) {
  const bool whole = v.is(kind::integer) || v.is(kind::unsigned_integer);
  switch (c.letter) {
  case 's':
    return prints_plainly(v) ? value::string(plain(v))
                             : wrong_type("%s takes plain values", v);
  case 'd':
    return decimal(v);
  case 'f':
  case 'e':
    return floating(v, c);
  case 'x':
  case 'X':
    return hexadecimal(v, c);
  case 'o':
    return whole ? value::string(in_base(v, 8))
                 : wrong_type("%o takes integers", v);
  case 'b':
    if (v.is(kind::boolean))
      return value::string(std::string{v.as_bool() ? "1" : "0"});
    return whole ? value::string(in_base(v, 2))
                 : wrong_type("%b takes integers and bools", v);
  default:
    return value::error(fault::invalid_argument,
                        std::string{"there is no clause %"} + c.letter);
  }
}

// Reads what follows a '%'; false when it is no clause.
bool take_clause(std::string_view& rest, clause& out) {
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const auto end = rest.data() + rest.size();
    const auto [stop, problem] =
        std::from_chars(rest.data(), end, out.precision);
    if (problem != std::errc{} || out.precision < 0 ||
        out.precision > precision_max)
      return false;
    rest.remove_prefix(static_cast<size_t>(stop - rest.data()));
  }
  if (rest.empty())
    return false;
  out.letter = rest[0];
  rest.remove_prefix(1);
  return true;
}

value format(call_context& context, arguments a) {
  if (a.size() != 2 || !a[0].is(kind::string) || !a[1].is(kind::list))
    return no_overload("format", a);
  auto rest = a[0].text();
  std::string out;
  size_t used = 0;
  for (;;) {
    const auto percent = rest.find('%');
    out.append(rest.substr(0, percent));
    if (percent == std::string_view::npos)
      return value::string(std::move(out));
    rest.remove_prefix(percent + 1);
    if (rest.starts_with('%')) {
      out += '%';
      rest.remove_prefix(1);
      continue;
    }
    clause c;
    if (!take_clause(rest, c))
      return value::error(fault::invalid_argument,
                          "a formatting clause is cut off or has a wrong "
                          "precision",
                          nullptr);
    if (used == a[1].size())
      return value::error(fault::out_of_range,
                          "format has more clauses than values", nullptr);
    const auto item = a[1].item(used++);
    if (auto over = context.charge(item.weight()))
      return *over;
    const auto text = formatted(item, c);
    if (text.is_error())
      return text;
    if (auto over = context.charge(1 + text.text().size() / 32))
      return *over;
    out.append(text.text());
  }
}

} // namespace

void add_formatting(library& to) {
  to.add("format", format, {".string,list(dyn)->string"});
}

} // namespace eventpulse::cel

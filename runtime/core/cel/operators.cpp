#include "runtime/core/cel/operators.hpp"

#include "runtime/core/cel/functions.hpp"
#include "runtime/core/cel/times.hpp"

#include <algorithm>
#include <cmath>

namespace eventpulse::cel {

namespace {

// Bytes or items that cost one step.
constexpr uint64_t bytes_per_step = 32;

std::string_view symbol(op code) {
  switch (code) {
  case op::add:
    return "+";
  case op::subtract:
    return "-";
  case op::multiply:
    return "*";
  case op::divide:
    return "/";
  case op::modulo:
    return "%";
  case op::less:
    return "<";
  case op::less_equal:
    return "<=";
  case op::greater:
    return ">";
  case op::greater_equal:
    return ">=";
  default:
    return "operator";
  }
}

value no_overload_of(std::string_view name, const value& a, const value& b) {
  const std::array both_of{a, b};
  return no_overload(name, both_of);
}

value overflow(op code) {
  return value::error(fault::overflow, symbol(code), nullptr);
}

value integers(op code, int64_t a, int64_t b) {
  int64_t out = 0;
  bool over = false;
  if (code == op::add) {
    over = __builtin_add_overflow(a, b, &out);
  } else if (code == op::subtract) {
    over = __builtin_sub_overflow(a, b, &out);
  } else if (code == op::multiply) {
    over = __builtin_mul_overflow(a, b, &out);
  } else {
    if (b == 0)
      return value::error(fault::divide_by_zero);
    over = a == INT64_MIN && b == -1;
    if (!over)
      out = code == op::divide ? a / b : a % b;
  }
  return over ? overflow(code) : value::integer(out);
}

value unsigned_integers(op code, uint64_t a, uint64_t b) {
  uint64_t out = 0;
  bool over = false;
  if (code == op::add) {
    over = __builtin_add_overflow(a, b, &out);
  } else if (code == op::subtract) {
    over = __builtin_sub_overflow(a, b, &out);
  } else if (code == op::multiply) {
    over = __builtin_mul_overflow(a, b, &out);
  } else {
    if (b == 0)
      return value::error(fault::divide_by_zero);
    out = code == op::divide ? a / b : a % b;
  }
  return over ? overflow(code) : value::unsigned_integer(out);
}

std::optional<value> reals(op code, double a, double b) {
  switch (code) {
  case op::add:
    return value::real(a + b);
  case op::subtract:
    return value::real(a - b);
  case op::multiply:
    return value::real(a * b);
  case op::divide:
    // IEC 60559: x / 0.0 is an infinity or NaN.
    if (b == 0) {
      const bool negative = std::signbit(a) != std::signbit(b);
      if (a == 0 || std::isnan(a))
        return value::real(std::nan(""));
      return value::real(negative ? -HUGE_VAL : HUGE_VAL);
    }
    return value::real(a / b);
  default:
    return std::nullopt;
  }
}

value text_sum(const value& a, const value& b, budget& steps) {
  const auto size = a.text().size() + b.text().size();
  if (!steps.spend(1 + size / bytes_per_step))
    return value::error(fault::budget_exceeded);
  if (b.text().empty())
    return a;
  if (a.text().empty())
    return b;
  std::string out;
  out.reserve(size);
  out.append(a.text()).append(b.text());
  return a.is(kind::string) ? value::string(std::move(out))
                            : value::bytes(std::move(out));
}

value list_sum(const value& a, const value& b, budget& steps) {
  if (!steps.spend(1 + a.weight() + b.weight()))
    return value::error(fault::budget_exceeded);
  std::vector<value> out;
  out.reserve(a.size() + b.size());
  for (const auto* part : {&a, &b})
    for (size_t i = 0; i < part->size(); ++i)
      out.push_back(part->item(i));
  return value::list(std::move(out));
}

value shifted_time(const value& time, int64_t nanoseconds, op code) {
  constexpr int64_t per_second = 1'000'000'000;
  const int64_t sign = code == op::subtract ? -1 : 1;
  return checked_timestamp(time.seconds() + sign * (nanoseconds / per_second),
                           time.nanos() + sign * (nanoseconds % per_second));
}

value time_difference(const value& a, const value& b) {
  int64_t nanos = 0;
  if (__builtin_mul_overflow(a.seconds() - b.seconds(), int64_t{1'000'000'000},
                             &nanos) ||
      __builtin_add_overflow(nanos, int64_t{a.nanos()} - b.nanos(), &nanos))
    return value::error(fault::out_of_range, "duration");
  return value::duration(nanos);
}

value durations(op code, const value& a, const value& b) {
  const auto sum = integers(code, a.nanoseconds(), b.nanoseconds());
  return sum.is_error() ? value::error(fault::out_of_range, "duration")
                        : value::duration(sum.as_int());
}

std::optional<value> times(op code, const value& a, const value& b) {
  if (code != op::add && code != op::subtract)
    return std::nullopt;
  if (a.is(kind::timestamp) && b.is(kind::duration))
    return shifted_time(a, b.nanoseconds(), code);
  if (a.is(kind::duration) && b.is(kind::timestamp) && code == op::add)
    return shifted_time(b, a.nanoseconds(), code);
  if (a.is(kind::timestamp) && b.is(kind::timestamp) && code == op::subtract)
    return time_difference(a, b);
  if (a.is(kind::duration) && b.is(kind::duration))
    return durations(code, a, b);
  return std::nullopt;
}

value missing(const value& name) {
  if (name.is(kind::string))
    return value::error(fault::no_such_key, name.text(), name.kept());
  return value::error(fault::no_such_key, to_literal(name));
}

// A double names the item of the whole number that it is.
std::optional<uint64_t> list_position(const value& index) {
  if (index.is(kind::integer) && index.as_int() >= 0)
    return static_cast<uint64_t>(index.as_int());
  if (index.is(kind::unsigned_integer))
    return index.as_uint();
  if (index.is(kind::real) && index.as_double() >= 0 &&
      index.as_double() < 9e15 &&
      index.as_double() == std::floor(index.as_double()))
    return static_cast<uint64_t>(index.as_double());
  return std::nullopt;
}

bool is_key(const value& v) {
  return v.is_number() || v.is(kind::boolean) || v.is(kind::string);
}

} // namespace

value arithmetic(op code, const value& a, const value& b, bool promote,
                 budget& steps) {
  if (a.is(kind::integer) && b.is(kind::integer))
    return integers(code, a.as_int(), b.as_int());
  if (a.is(kind::unsigned_integer) && b.is(kind::unsigned_integer))
    return unsigned_integers(code, a.as_uint(), b.as_uint());
  const bool doubles = a.is(kind::real) && b.is(kind::real);
  const bool mixed = promote && ((a.is(kind::real) && b.is(kind::integer)) ||
                                 (a.is(kind::integer) && b.is(kind::real)));
  std::optional<value> out;
  if (doubles || mixed)
    out = reals(code, a.number(), b.number());
  else if (code == op::add && a.kind_of() == b.kind_of() &&
           (a.is(kind::string) || a.is(kind::bytes)))
    out = text_sum(a, b, steps);
  else if (code == op::add && a.is(kind::list) && b.is(kind::list))
    out = list_sum(a, b, steps);
  else
    out = times(code, a, b);
  return out ? std::move(*out) : no_overload_of(symbol(code), a, b);
}

value order(op code, const value& a, const value& b) {
  switch (compare(a, b)) {
  case ordering::less:
    return value::boolean(code == op::less || code == op::less_equal);
  case ordering::same:
    return value::boolean(code == op::less_equal || code == op::greater_equal);
  case ordering::greater:
    return value::boolean(code == op::greater || code == op::greater_equal);
  case ordering::unordered:
    return value::boolean(false);
  case ordering::incomparable:
    break;
  }
  return no_overload_of(symbol(code), a, b);
}

value negated(const value& a) {
  if (a.is(kind::real))
    return value::real(-a.as_double());
  if (!a.is(kind::integer))
    return no_overload("-", std::span{&a, 1});
  if (a.as_int() == INT64_MIN)
    return overflow(op::subtract);
  return value::integer(-a.as_int());
}

value is_in(const value& item, const value& of, budget& steps) {
  if (of.is(kind::map)) {
    if (item.is(kind::string))
      return value::boolean(of.contains(item.text()));
    return value::boolean(is_key(item) && of.find(item).has_value());
  }
  if (!of.is(kind::list))
    return no_overload_of("in", item, of);
  for (size_t i = 0; i < of.size(); ++i) {
    if (equal(item, of.item(i), &steps.left))
      return value::boolean(true);
    if (steps.used_up())
      return value::error(fault::budget_exceeded);
  }
  return value::boolean(false);
}

value item_at(const value& of, const value& index) {
  if (of.is(kind::optional))
    return optional_item_at(of, index);
  if (of.is(kind::map)) {
    auto found = of.find(index);
    return found ? std::move(*found) : missing(index);
  }
  if (!of.is(kind::list) || !index.is_number())
    return no_overload_of("[]", of, index);
  const auto position = list_position(index);
  if (!position || *position >= of.size())
    return value::error(fault::out_of_range, "index " + to_literal(index) +
                                                 " of a list of " +
                                                 std::to_string(of.size()));
  return of.item(*position);
}

value optional_item_at(const value& of, const value& index) {
  if (of.is(kind::optional))
    return of.inner() ? optional_item_at(*of.inner(), index) : of;
  if (of.is(kind::map)) {
    auto found = of.find(index);
    return found ? value::optional_of(std::move(*found))
                 : value::optional_none();
  }
  if (!of.is(kind::list) || !index.is_number())
    return no_overload_of("[?]", of, index);
  const auto position = list_position(index);
  return position && *position < of.size()
             ? value::optional_of(of.item(*position))
             : value::optional_none();
}

value field_of(const value& of, const value& name) {
  if (of.is(kind::map)) {
    auto found = of.find(name.text());
    return found ? std::move(*found) : missing(name);
  }
  if (of.is(kind::optional))
    return optional_field_of(of, name);
  return value::error(fault::no_such_overload,
                      std::string{type_name_of(of)} + " has no fields");
}

value optional_field_of(const value& of, const value& name) {
  if (of.is(kind::optional))
    return of.inner() ? optional_field_of(*of.inner(), name) : of;
  if (!of.is(kind::map))
    return field_of(of, name);
  auto found = of.find(name.text());
  return found ? value::optional_of(std::move(*found)) : value::optional_none();
}

value has_field(const value& of, const value& name) {
  if (of.is(kind::map))
    return value::boolean(of.contains(name.text()));
  if (of.is(kind::optional))
    return of.inner() ? has_field(*of.inner(), name) : value::boolean(false);
  return field_of(of, name);
}

value both(const value& a, const value& b) {
  const bool bool_a = a.is(kind::boolean);
  const bool bool_b = b.is(kind::boolean);
  if ((bool_a && !a.as_bool()) || (bool_b && !b.as_bool()))
    return value::boolean(false);
  if (bool_a && bool_b)
    return value::boolean(true);
  if (a.is_error() || b.is_error())
    return a.is_error() ? a : b;
  return no_overload_of("&&", a, b);
}

value either(const value& a, const value& b) {
  if (a.is_true() || b.is_true())
    return value::boolean(true);
  if (a.is(kind::boolean) && b.is(kind::boolean))
    return value::boolean(false);
  if (a.is_error() || b.is_error())
    return a.is_error() ? a : b;
  return no_overload_of("||", a, b);
}

} // namespace eventpulse::cel

// The math extension.

#include "runtime/core/cel/functions.hpp"

#include <cmath>

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;

// The greatest (or least) of the numbers; of equal ones the first.
value extreme(arguments a, ordering wanted, std::string_view name) {
  if (a.empty())
    return no_overload(name, a);
  const value* best = nullptr;
  for (const auto& v : a) {
    if (!v.is_number())
      return no_overload(name, a);
    if (!best || compare(v, *best) == wanted)
      best = &v;
  }
  return *best;
}

value extreme_call(call_context& context, arguments a, ordering wanted,
                   std::string_view name) {
  if (a.size() != 1 || !a[0].is(kind::list))
    return extreme(a, wanted, name);
  if (auto over = context.charge(1 + a[0].size()))
    return *over;
  if (a[0].size() == 0)
    return value::error(fault::invalid_argument, "the list is empty", nullptr);
  std::vector<value> items;
  for (size_t i = 0; i < a[0].size(); ++i)
    items.push_back(a[0].item(i));
  return extreme(items, wanted, name);
}

value greatest(call_context& c, arguments a) {
  return extreme_call(c, a, ordering::greater, "math.greatest");
}
value least(call_context& c, arguments a) {
  return extreme_call(c, a, ordering::less, "math.least");
}

using real_function = double (*)(double);

template <real_function F>
value rounded(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::real) ? value::real(F(a[0].as_double()))
                                              : no_overload("math", a);
}

double ceil_of(double d) {
  return std::ceil(d);
}
double floor_of(double d) {
  return std::floor(d);
}
double round_of(double d) {
  return std::round(d);
}
double trunc_of(double d) {
  return std::trunc(d);
}

using real_test = bool (*)(double);

template <real_test F>
value tested(call_context&, arguments a) {
  return a.size() == 1 && a[0].is(kind::real)
             ? value::boolean(F(a[0].as_double()))
             : no_overload("math", a);
}

bool nan_test(double d) {
  return std::isnan(d);
}
bool inf_test(double d) {
  return std::isinf(d);
}
bool finite_test(double d) {
  return std::isfinite(d);
}

value absolute(call_context&, arguments a) {
  if (a.size() != 1 || !a[0].is_number())
    return no_overload("math.abs", a);
  if (a[0].is(kind::real))
    return value::real(std::abs(a[0].as_double()));
  if (a[0].is(kind::unsigned_integer))
    return a[0];
  if (a[0].as_int() == INT64_MIN)
    return value::error(fault::overflow, "math.abs", nullptr);
  return value::integer(std::abs(a[0].as_int()));
}

value sign(call_context&, arguments a) {
  if (a.size() != 1 || !a[0].is_number())
    return no_overload("math.sign", a);
  if (a[0].is(kind::unsigned_integer))
    return value::unsigned_integer(a[0].as_uint() > 0 ? 1 : 0);
  if (a[0].is(kind::integer))
    return value::integer((a[0].as_int() > 0 ? 1 : 0) -
                          (a[0].as_int() < 0 ? 1 : 0));
  const auto d = a[0].as_double();
  if (std::isnan(d) || d == 0)
    return a[0];
  return value::real(d > 0 ? 1 : -1);
}

value square_root(call_context&, arguments a) {
  return a.size() == 1 && a[0].is_number()
             ? value::real(std::sqrt(a[0].number()))
             : no_overload("math.sqrt", a);
}

enum class bits { all_of, any_of, one_of };

template <bits B>
value bitwise(call_context&, arguments a) {
  const auto combine = [](uint64_t x, uint64_t y) {
    return B == bits::all_of ? x & y : B == bits::any_of ? x | y : x ^ y;
  };
  if (a.size() == 2 && a[0].is(kind::integer) && a[1].is(kind::integer))
    return value::integer(
        static_cast<int64_t>(combine(static_cast<uint64_t>(a[0].as_int()),
                                     static_cast<uint64_t>(a[1].as_int()))));
  if (a.size() == 2 && a[0].is(kind::unsigned_integer) &&
      a[1].is(kind::unsigned_integer))
    return value::unsigned_integer(combine(a[0].as_uint(), a[1].as_uint()));
  return no_overload("math.bit", a);
}

value bit_not(call_context&, arguments a) {
  if (a.size() == 1 && a[0].is(kind::integer))
    return value::integer(~a[0].as_int());
  if (a.size() == 1 && a[0].is(kind::unsigned_integer))
    return value::unsigned_integer(~a[0].as_uint());
  return no_overload("math.bitNot", a);
}

// Shifts move bits, not signs; by 64 and more nothing is left.
value shift(arguments a, bool to_left) {
  const bool good = a.size() == 2 && a[1].is(kind::integer) &&
                    (a[0].is(kind::integer) || a[0].is(kind::unsigned_integer));
  if (!good)
    return no_overload("math.bitShift", a);
  const auto by = a[1].as_int();
  if (by < 0)
    return value::error(fault::invalid_argument, "negative shift", nullptr);
  const auto from = a[0].is(kind::integer)
                        ? static_cast<uint64_t>(a[0].as_int())
                        : a[0].as_uint();
  uint64_t out = 0;
  if (by < 64)
    out = to_left ? from << by : from >> by;
  return a[0].is(kind::integer) ? value::integer(static_cast<int64_t>(out))
                                : value::unsigned_integer(out);
}

value shift_left(call_context&, arguments a) {
  return shift(a, true);
}
value shift_right(call_context&, arguments a) {
  return shift(a, false);
}

} // namespace

void add_math(library& to) {
  // The checker knows that these two take any count of numbers.
  to.add("math.greatest", greatest, {"dyn->dyn"});
  to.add("math.least", least, {"dyn->dyn"});
  to.add("math.ceil", rounded<ceil_of>, {"double->double"});
  to.add("math.floor", rounded<floor_of>, {"double->double"});
  to.add("math.round", rounded<round_of>, {"double->double"});
  to.add("math.trunc", rounded<trunc_of>, {"double->double"});
  to.add("math.isNaN", tested<nan_test>, {"double->bool"});
  to.add("math.isInf", tested<inf_test>, {"double->bool"});
  to.add("math.isFinite", tested<finite_test>, {"double->bool"});
  to.add("math.abs", absolute, {"int->int", "uint->uint", "double->double"});
  to.add("math.sign", sign, {"int->int", "uint->uint", "double->double"});
  to.add("math.sqrt", square_root,
         {"int->double", "uint->double", "double->double"});
  to.add("math.bitAnd", bitwise<bits::all_of>,
         {"int,int->int", "uint,uint->uint"});
  to.add("math.bitOr", bitwise<bits::any_of>,
         {"int,int->int", "uint,uint->uint"});
  to.add("math.bitXor", bitwise<bits::one_of>,
         {"int,int->int", "uint,uint->uint"});
  to.add("math.bitNot", bit_not, {"int->int", "uint->uint"});
  to.add("math.bitShiftLeft", shift_left, {"int,int->int", "uint,int->uint"});
  to.add("math.bitShiftRight", shift_right, {"int,int->int", "uint,int->uint"});
}

} // namespace eventpulse::cel

// Optional values.

#include "runtime/core/cel/functions.hpp"

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;

bool is_optional(arguments a, size_t count) {
  return a.size() == count && a[0].is(kind::optional);
}

value of(call_context&, arguments a) {
  return a.size() == 1 ? value::optional_of(a[0])
                       : no_overload("optional.of", a);
}

value of_non_zero(call_context&, arguments a) {
  if (a.size() != 1)
    return no_overload("optional.ofNonZeroValue", a);
  return is_zero(a[0]) ? value::optional_none() : value::optional_of(a[0]);
}

value none(call_context&, arguments a) {
  return a.empty() ? value::optional_none() : no_overload("optional.none", a);
}

value has_value(call_context&, arguments a) {
  return is_optional(a, 1) ? value::boolean(a[0].inner() != nullptr)
                           : no_overload("hasValue", a);
}

value get_value(call_context&, arguments a) {
  if (!is_optional(a, 1))
    return no_overload("value", a);
  return a[0].inner() ? *a[0].inner() : value::error(fault::no_value);
}

value or_optional(call_context&, arguments a) {
  if (!is_optional(a, 2) || !a[1].is(kind::optional))
    return no_overload("or", a);
  return a[0].inner() ? a[0] : a[1];
}

value or_value(call_context&, arguments a) {
  if (!is_optional(a, 2))
    return no_overload("orValue", a);
  return a[0].inner() ? *a[0].inner() : a[1];
}

value unwrap(call_context& context, arguments a) {
  if (a.size() != 1 || !a[0].is(kind::list))
    return no_overload("optional.unwrap", a);
  if (auto over = context.charge(1 + a[0].size()))
    return *over;
  std::vector<value> out;
  for (size_t i = 0; i < a[0].size(); ++i) {
    const auto item = a[0].item(i);
    if (!item.is(kind::optional))
      return no_overload("optional.unwrap", a);
    if (item.inner())
      out.push_back(*item.inner());
  }
  return value::list(std::move(out));
}

} // namespace

void add_optionals(library& to) {
  to.add("optional.of", of, {"A->optional_type(A)"});
  to.add("optional.ofNonZeroValue", of_non_zero, {"A->optional_type(A)"});
  to.add("optional.none", none, {"->optional_type(A)"});
  to.add("hasValue", has_value, {".optional_type(A)->bool"});
  to.add("value", get_value, {".optional_type(A)->A"});
  to.add("or", or_optional,
         {".optional_type(A),optional_type(A)->optional_type(A)"});
  to.add("orValue", or_value, {".optional_type(A),A->A"});
  to.add("optional.unwrap", unwrap, {"list(optional_type(A))->list(A)"});
  to.add("unwrapOpt", unwrap, {".list(optional_type(A))->list(A)"});
}

} // namespace eventpulse::cel

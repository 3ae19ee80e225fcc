// size(), and what lists can do (the lists and sets extensions).

#include "runtime/core/cel/functions.hpp"
#include "runtime/core/cel/utf8.hpp"

#include <algorithm>

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;

value size_of(call_context& context, arguments a) {
  if (a.size() != 1)
    return no_overload("size", a);
  const auto as_size = [](size_t n) {
    return value::integer(static_cast<int64_t>(n));
  };
  const auto& v = a[0];
  if (v.is(kind::list) || v.is(kind::map))
    return as_size(v.size());
  if (v.is(kind::bytes))
    return as_size(v.text().size());
  if (!v.is(kind::string))
    return no_overload("size", a);
  if (auto over = context.charge(1 + v.text().size() / 32))
    return *over;
  return as_size(code_point_count(v.text()));
}

bool is_list(const value& v) {
  return v.is(kind::list);
}

std::vector<value> items_of(const value& list) {
  std::vector<value> out;
  out.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i)
    out.push_back(list.item(i));
  return out;
}

value slice(call_context& context, arguments a) {
  if (a.size() != 3 || !is_list(a[0]) || !a[1].is(kind::integer) ||
      !a[2].is(kind::integer))
    return no_overload("slice", a);
  const auto from = a[1].as_int();
  const auto to = a[2].as_int();
  if (from < 0 || from > to || static_cast<uint64_t>(to) > a[0].size())
    return value::error(fault::out_of_range, "slice", nullptr);
  if (auto over = context.charge(static_cast<uint64_t>(to - from) + 1))
    return *over;
  std::vector<value> out;
  for (auto i = from; i < to; ++i)
    out.push_back(a[0].item(static_cast<size_t>(i)));
  return value::list(std::move(out));
}

value reversed(call_context& context, arguments a) {
  if (auto over = context.charge(a[0].size() + 1))
    return *over;
  auto items = items_of(a[0]);
  std::reverse(items.begin(), items.end());
  return value::list(std::move(items));
}

std::optional<value> flatten_into(call_context& context, const value& list,
                                  int64_t depth, std::vector<value>& out) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (auto over = context.charge(1))
      return over;
    auto item = list.item(i);
    if (!is_list(item) || depth == 0)
      out.push_back(std::move(item));
    else if (auto wrong = flatten_into(context, item, depth - 1, out))
      return wrong;
  }
  return std::nullopt;
}

value flatten(call_context& context, arguments a) {
  if (a.empty() || !is_list(a[0]) || (a.size() == 2 && !a[1].is(kind::integer)))
    return no_overload("flatten", a);
  const auto depth = a.size() == 2 ? a[1].as_int() : 1;
  if (depth < 0)
    return value::error(fault::invalid_argument, "negative depth", nullptr);
  std::vector<value> out;
  if (auto wrong = flatten_into(context, a[0], depth, out))
    return *wrong;
  return value::list(std::move(out));
}

value distinct(call_context& context, arguments a) {
  if (a.size() != 1 || !is_list(a[0]))
    return no_overload("distinct", a);
  std::vector<value> out;
  for (auto& item : items_of(a[0])) {
    const bool known =
        std::any_of(out.begin(), out.end(), [&](const value& other) {
          return equal(item, other, &context.steps.left);
        });
    if (context.steps.used_up())
      return value::error(fault::budget_exceeded);
    if (!known)
      out.push_back(std::move(item));
  }
  return value::list(std::move(out));
}

value sorted(call_context& context, arguments a) {
  if (a.size() != 1 || !is_list(a[0]))
    return no_overload("sort", a);
  if (auto over = context.charge(a[0].size() * 16 + 1))
    return *over;
  auto items = items_of(a[0]);
  for (const auto& item : items) {
    const auto o = compare(items.front(), item);
    if (o == ordering::incomparable || o == ordering::unordered ||
        item.kind_of() != items.front().kind_of())
      return no_overload("sort", a);
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const value& x, const value& y) {
                     return compare(x, y) == ordering::less;
                   });
  return value::list(std::move(items));
}

value range(call_context& context, arguments a) {
  if (a.size() != 1 || !a[0].is(kind::integer))
    return no_overload("lists.range", a);
  const auto count = std::max<int64_t>(a[0].as_int(), 0);
  if (auto over = context.charge(static_cast<uint64_t>(count)))
    return *over;
  std::vector<value> out;
  for (int64_t i = 0; i < count; ++i)
    out.push_back(value::integer(i));
  return value::list(std::move(out));
}

value first_or_last(call_context&, arguments a, bool first) {
  if (a.size() != 1 || !is_list(a[0]))
    return no_overload(first ? "first" : "last", a);
  const auto size = a[0].size();
  return size == 0 ? value::optional_none()
                   : value::optional_of(a[0].item(first ? 0 : size - 1));
}

value first_of(call_context& c, arguments a) {
  return first_or_last(c, a, true);
}
value last_of(call_context& c, arguments a) {
  return first_or_last(c, a, false);
}

// How many items of `some` are in `all`; nullopt when the budget is used up.
std::optional<size_t> count_in(call_context& context, const value& some,
                               const value& all) {
  size_t count = 0;
  for (size_t i = 0; i < some.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) {
      if (equal(some.item(i), all.item(j), &context.steps.left)) {
        ++count;
        break;
      }
      if (context.steps.used_up())
        return std::nullopt;
    }
  }
  return count;
}

enum class set_question { contains, intersects, equivalent };

value ask(call_context& context, arguments a, set_question q) {
  if (a.size() != 2 || !is_list(a[0]) || !is_list(a[1]))
    return no_overload("sets", a);
  const auto there = count_in(context, a[1], a[0]);
  if (!there)
    return value::error(fault::budget_exceeded);
  if (q == set_question::intersects)
    return value::boolean(*there > 0);
  if (q == set_question::contains || *there < a[1].size())
    return value::boolean(*there == a[1].size());
  const auto back = count_in(context, a[0], a[1]);
  return back ? value::boolean(*back == a[0].size())
              : value::error(fault::budget_exceeded);
}

value sets_contains(call_context& c, arguments a) {
  return ask(c, a, set_question::contains);
}
value sets_intersects(call_context& c, arguments a) {
  return ask(c, a, set_question::intersects);
}
value sets_equivalent(call_context& c, arguments a) {
  return ask(c, a, set_question::equivalent);
}

value reverse_text(call_context& context, const value& v) {
  if (auto over = context.charge(1 + v.text().size() / 16))
    return *over;
  const auto text = v.text();
  std::string out;
  out.reserve(text.size());
  const auto offsets = code_point_offsets(text);
  for (size_t i = offsets.size() - 1; i > 0; --i)
    out.append(text.substr(offsets[i - 1], offsets[i] - offsets[i - 1]));
  return value::string(std::move(out));
}

value reverse_any(call_context& context, arguments a) {
  if (a.size() == 1 && a[0].is(kind::string))
    return reverse_text(context, a[0]);
  if (a.size() != 1 || !is_list(a[0]))
    return no_overload("reverse", a);
  return reversed(context, a);
}

} // namespace

void add_collections(library& to) {
  to.add("size", size_of,
         {"string->int", "bytes->int", "list(A)->int", "map(A,B)->int",
          ".string->int", ".bytes->int", ".list(A)->int", ".map(A,B)->int"});
  to.add("slice", slice, {".list(A),int,int->list(A)"});
  to.add("reverse", reverse_any, {".list(A)->list(A)", ".string->string"});
  to.add("flatten", flatten,
         {".list(list(A))->list(A)", ".list(dyn)->list(dyn)",
          ".list(dyn),int->list(dyn)"});
  to.add("distinct", distinct, {".list(A)->list(A)"});
  to.add("sort", sorted, {".list(A)->list(A)"});
  to.add("lists.range", range, {"int->list(int)"});
  to.add("first", first_of, {".list(A)->optional_type(A)"});
  to.add("last", last_of, {".list(A)->optional_type(A)"});
  to.add("sets.contains", sets_contains, {"list(A),list(A)->bool"});
  to.add("sets.intersects", sets_intersects, {"list(A),list(A)->bool"});
  to.add("sets.equivalent", sets_equivalent, {"list(A),list(A)->bool"});
}

} // namespace eventpulse::cel

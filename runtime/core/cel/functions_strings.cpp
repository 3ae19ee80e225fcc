// The string functions of the standard library and of the strings extension.
// Positions count code points.

#include "runtime/core/cel/functions.hpp"
#include "runtime/core/cel/utf8.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace eventpulse::cel {

namespace {

using arguments = std::span<const value>;

bool is_text(const value& v) {
  return v.is(kind::string);
}
bool is_int(const value& v) {
  return v.is(kind::integer);
}

// Whether the arguments are of these kinds: 's' string, 'i' int.
bool shaped(arguments a, std::string_view shape) {
  if (a.size() != shape.size())
    return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (shape[i] == 's' ? !is_text(a[i]) : !is_int(a[i]))
      return false;
  return true;
}

std::optional<value> charge_for(call_context& context, arguments a) {
  uint64_t size = 0;
  for (const auto& v : a)
    if (is_text(v))
      size += v.text().size();
  return context.charge(1 + size / 32);
}

value part_of(const value& whole, size_t from, size_t to) {
  return value::string(whole.text().substr(from, to - from), whole.kept());
}

value bad_index(int64_t index) {
  return value::error(fault::out_of_range, "index " + std::to_string(index));
}

value contains(call_context& context, arguments a) {
  if (!shaped(a, "ss"))
    return no_overload("contains", a);
  if (auto over = charge_for(context, a))
    return *over;
  return value::boolean(a[0].text().find(a[1].text()) !=
                        std::string_view::npos);
}

value starts_with(call_context&, arguments a) {
  return shaped(a, "ss") ? value::boolean(a[0].text().starts_with(a[1].text()))
                         : no_overload("startsWith", a);
}

value ends_with(call_context&, arguments a) {
  return shaped(a, "ss") ? value::boolean(a[0].text().ends_with(a[1].text()))
                         : no_overload("endsWith", a);
}

// A pattern that is only known when evaluated; constant ones are compiled with
// the program. Compiling costs as much as some hundred steps.
value matches(call_context& context, arguments a) {
  constexpr size_t pattern_bytes_max = 1000;
  if (!shaped(a, "ss"))
    return no_overload("matches", a);
  if (a[1].text().size() > pattern_bytes_max)
    return value::error(fault::invalid_argument, "the pattern is too long",
                        nullptr);
  if (auto over = context.charge(200 + a[0].text().size() / 16))
    return *over;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  const re2::RE2 pattern({a[1].text().data(), a[1].text().size()}, options);
  if (!pattern.ok())
    return value::error(fault::invalid_argument,
                        "no regular expression: " + pattern.error());
  return value::boolean(re2::RE2::PartialMatch(
      {a[0].text().data(), a[0].text().size()}, pattern));
}

value char_at(call_context& context, arguments a) {
  if (!shaped(a, "si"))
    return no_overload("charAt", a);
  if (auto over = charge_for(context, a))
    return *over;
  const auto offsets = code_point_offsets(a[0].text());
  const auto i = a[1].as_int();
  if (i < 0 || static_cast<size_t>(i) >= offsets.size())
    return bad_index(i);
  const auto at = static_cast<size_t>(i);
  return at + 1 == offsets.size() ? value::string(std::string_view{}, nullptr)
                                  : part_of(a[0], offsets[at], offsets[at + 1]);
}

// The number of the code point that begins at byte `at`, or -1.
value position_of(const std::vector<size_t>& offsets, size_t at) {
  if (at == std::string_view::npos)
    return value::integer(-1);
  const auto found = std::lower_bound(offsets.begin(), offsets.end(), at);
  return value::integer(found - offsets.begin());
}

value index_of(call_context& context, arguments a) {
  if (!shaped(a, "ss") && !shaped(a, "ssi"))
    return no_overload("indexOf", a);
  if (auto over = charge_for(context, a))
    return *over;
  const auto offsets = code_point_offsets(a[0].text());
  const auto from = a.size() == 3 ? a[2].as_int() : 0;
  if (from < 0 || static_cast<size_t>(from) >= offsets.size())
    return bad_index(from);
  return position_of(
      offsets,
      a[0].text().find(a[1].text(), offsets[static_cast<size_t>(from)]));
}

value last_index_of(call_context& context, arguments a) {
  if (!shaped(a, "ss") && !shaped(a, "ssi"))
    return no_overload("lastIndexOf", a);
  if (auto over = charge_for(context, a))
    return *over;
  const auto offsets = code_point_offsets(a[0].text());
  const auto last = static_cast<int64_t>(offsets.size()) - 1;
  const auto from = a.size() == 3 ? a[2].as_int() : last;
  if (from < 0 || from > last)
    return bad_index(from);
  return position_of(
      offsets,
      a[0].text().rfind(a[1].text(), offsets[static_cast<size_t>(from)]));
}

value cased(call_context& context, arguments a, char from, char to) {
  if (!shaped(a, "s"))
    return no_overload("lowerAscii", a);
  if (auto over = charge_for(context, a))
    return *over;
  std::string out{a[0].text()};
  for (char& c : out)
    if (c >= from && c <= to)
      c = static_cast<char>(c ^ 0x20);
  return value::string(std::move(out));
}

value lower_ascii(call_context& context, arguments a) {
  return cased(context, a, 'A', 'Z');
}

value upper_ascii(call_context& context, arguments a) {
  return cased(context, a, 'a', 'z');
}

value replace(call_context& context, arguments a) {
  if (!shaped(a, "sss") && !shaped(a, "sssi"))
    return no_overload("replace", a);
  if (auto over = charge_for(context, a))
    return *over;
  const auto text = a[0].text();
  const auto old = a[1].text();
  auto left = a.size() == 4 ? a[3].as_int() : -1;
  std::string out;
  size_t at = 0;
  while (left != 0 && at <= text.size()) {
    const auto found = text.find(old, at);
    if (found == std::string_view::npos)
      break;
    if (auto over = context.charge(1 + a[2].text().size() / 32))
      return *over;
    out.append(text.substr(at, found - at)).append(a[2].text());
    at = found + old.size();
    if (old.empty()) { // between all code points
      const auto size = at < text.size() ? code_point_bytes(text, at) : 1;
      out.append(text.substr(std::min(at, text.size()), size));
      at += size;
    }
    left -= left > 0 ? 1 : 0;
  }
  if (at < text.size())
    out.append(text.substr(at));
  return value::string(std::move(out));
}

value split(call_context& context, arguments a) {
  if (!shaped(a, "ss") && !shaped(a, "ssi"))
    return no_overload("split", a);
  if (auto over = charge_for(context, a))
    return *over;
  const auto text = a[0].text();
  const auto separator = a[1].text();
  const auto limit = a.size() == 3 ? a[2].as_int() : -1;
  std::vector<value> out;
  size_t at = 0;
  const auto full = [&] {
    return limit > 0 && out.size() + 1 >= static_cast<size_t>(limit);
  };
  while (limit != 0 && !full()) {
    const auto found =
        separator.empty()
            ? at + (at < text.size() ? code_point_bytes(text, at) : 1)
            : text.find(separator, at);
    if (found >= text.size() && (separator.empty() || found > text.size()))
      break;
    if (auto over = context.charge(1))
      return *over;
    out.push_back(part_of(a[0], at, found));
    at = found + separator.size();
  }
  if (limit != 0 && !(separator.empty() && text.empty()))
    out.push_back(part_of(a[0], at, text.size()));
  return value::list(std::move(out));
}

value substring(call_context& context, arguments a) {
  if (!shaped(a, "si") && !shaped(a, "sii"))
    return no_overload("substring", a);
  if (auto over = charge_for(context, a))
    return *over;
  const auto offsets = code_point_offsets(a[0].text());
  const auto last = static_cast<int64_t>(offsets.size()) - 1;
  const auto from = a[1].as_int();
  const auto to = a.size() == 3 ? a[2].as_int() : last;
  if (from < 0 || from > last)
    return bad_index(from);
  if (to < from || to > last)
    return bad_index(to);
  return part_of(a[0], offsets[static_cast<size_t>(from)],
                 offsets[static_cast<size_t>(to)]);
}

// White_Space of Unicode 15.
bool is_space(uint32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xa0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

value trim(call_context& context, arguments a) {
  if (!shaped(a, "s"))
    return no_overload("trim", a);
  if (auto over = charge_for(context, a))
    return *over;
  const auto text = a[0].text();
  const auto offsets = code_point_offsets(text);
  size_t from = 0;
  size_t to = offsets.size() - 1;
  while (from < to && is_space(code_point_at(text, offsets[from])))
    ++from;
  while (to > from && is_space(code_point_at(text, offsets[to - 1])))
    --to;
  return part_of(a[0], offsets[from], offsets[to]);
}

value join(call_context& context, arguments a) {
  const bool good = !a.empty() && a.size() <= 2 && a[0].is(kind::list) &&
                    (a.size() == 1 || is_text(a[1]));
  if (!good)
    return no_overload("join", a);
  const auto separator = a.size() == 2 ? a[1].text() : std::string_view{};
  std::string out;
  for (size_t i = 0; i < a[0].size(); ++i) {
    const auto item = a[0].item(i);
    if (!is_text(item))
      return no_overload("join", a);
    if (auto over =
            context.charge(1 + (item.text().size() + separator.size()) / 32))
      return *over;
    if (i != 0)
      out.append(separator);
    out.append(item.text());
  }
  return value::string(std::move(out));
}

value quote(call_context& context, arguments a) {
  if (!shaped(a, "s"))
    return no_overload("strings.quote", a);
  if (auto over = charge_for(context, a))
    return *over;
  const auto text = a[0].text();
  if (is_utf8(text))
    return value::string(quoted(text));
  std::string clean;
  for (size_t at = 0; at < text.size(); at += code_point_bytes(text, at))
    append_utf8(clean, code_point_at(text, at));
  return value::string(cel::quoted(clean));
}

} // namespace

void add_strings(library& to) {
  to.add("contains", contains, {".string,string->bool"});
  to.add("startsWith", starts_with, {".string,string->bool"});
  to.add("endsWith", ends_with, {".string,string->bool"});
  to.add("matches", matches, {"string,string->bool", ".string,string->bool"});
  to.add("charAt", char_at, {".string,int->string"});
  to.add("indexOf", index_of,
         {".string,string->int", ".string,string,int->int"});
  to.add("lastIndexOf", last_index_of,
         {".string,string->int", ".string,string,int->int"});
  to.add("lowerAscii", lower_ascii, {".string->string"});
  to.add("upperAscii", upper_ascii, {".string->string"});
  to.add(
      "replace", replace,
      {".string,string,string->string", ".string,string,string,int->string"});
  to.add("split", split,
         {".string,string->list(string)", ".string,string,int->list(string)"});
  to.add("substring", substring,
         {".string,int->string", ".string,int,int->string"});
  to.add("trim", trim, {".string->string"});
  to.add("join", join,
         {".list(string)->string", ".list(string),string->string"});
  to.add_foldable("strings.quote", quote, {"string->string"});
}

} // namespace eventpulse::cel

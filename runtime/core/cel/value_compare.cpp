// Equality, order and hash of CEL values (langdef.md, "Equality" and
// "Ordering").

#include "runtime/core/base/hash.hpp"
#include "runtime/core/cel/value.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace eventpulse::cel {

namespace {

template <class T>
ordering three_way(const T& a, const T& b) {
  return a < b ? ordering::less : b < a ? ordering::greater : ordering::same;
}

ordering flipped(ordering o) {
  if (o == ordering::less)
    return ordering::greater;
  return o == ordering::greater ? ordering::less : o;
}

ordering compare_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return ordering::unordered;
  return three_way(a, b);
}

// As in the reference implementations an integer beside a double is compared as
// the nearest double.
ordering compare_numbers(const value& a, const value& b) {
  if (a.is(kind::real) || b.is(kind::real))
    return compare_doubles(a.number(), b.number());
  if (a.is(kind::integer)) {
    if (b.is(kind::integer))
      return three_way(a.as_int(), b.as_int());
    if (a.as_int() < 0)
      return ordering::less;
    return three_way(static_cast<uint64_t>(a.as_int()), b.as_uint());
  }
  if (b.is(kind::unsigned_integer))
    return three_way(a.as_uint(), b.as_uint());
  return flipped(compare_numbers(b, a));
}

bool equal_lists(const value& a, const value& b, uint64_t* left) {
  if (a.size() != b.size())
    return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!equal(a.item(i), b.item(i), left))
      return false;
  return true;
}

bool equal_maps(const value& one, const value& other_one, uint64_t* left) {
  const auto a = one.settled();
  const auto b = other_one.settled();
  if (a.size() != b.size())
    return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto other = b.find(a.key(i));
    if (!other || !equal(a.mapped(i), *other, left))
      return false;
  }
  return true;
}

bool equal_optionals(const value& a, const value& b, uint64_t* left) {
  if (!a.inner() || !b.inner())
    return a.inner() == b.inner();
  return equal(*a.inner(), *b.inner(), left);
}

uint64_t mixed(uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  return h;
}

uint64_t hash_double(double d) {
  if (d == 0)
    d = 0; // -0.0 == 0.0
  uint64_t bits = 0;
  std::memcpy(&bits, &d, sizeof bits);
  return mixed(bits);
}

} // namespace

bool equal(const value& a, const value& b, uint64_t* left) {
  if (left) {
    if (*left == 0)
      return false;
    --*left;
  }
  if (a.is_number() && b.is_number())
    return compare_numbers(a, b) == ordering::same;
  if (a.kind_of() != b.kind_of())
    return false;
  switch (a.kind_of()) {
  case kind::null:
    return true;
  case kind::boolean:
    return a.as_bool() == b.as_bool();
  case kind::integer:
  case kind::unsigned_integer:
  case kind::real:
    return compare_numbers(a, b) == ordering::same;
  case kind::string:
  case kind::bytes:
  case kind::type:
    if (left)
      *left -= std::min<uint64_t>(*left, a.text().size() / 64);
    return a.text() == b.text();
  case kind::list:
    return equal_lists(a, b, left);
  case kind::map:
    return equal_maps(a, b, left);
  case kind::timestamp:
    return a.seconds() == b.seconds() && a.nanos() == b.nanos();
  case kind::duration:
    return a.nanoseconds() == b.nanoseconds();
  case kind::optional:
    return equal_optionals(a, b, left);
  case kind::ip:
    return a.address() == b.address();
  case kind::cidr:
    return a.address() == b.address() && a.is_v4() == b.is_v4() &&
           a.prefix() == b.prefix();
  case kind::error:
    return false;
  }
  return false;
}

ordering compare(const value& a, const value& b) {
  if (a.is_number() && b.is_number())
    return compare_numbers(a, b);
  if (a.kind_of() != b.kind_of())
    return ordering::incomparable;
  switch (a.kind_of()) {
  case kind::boolean:
    return three_way(a.as_bool(), b.as_bool());
  case kind::string:
  case kind::bytes:
    // UTF-8 orders as code points do.
    return three_way(a.text(), b.text());
  case kind::timestamp:
    return three_way(std::pair{a.seconds(), a.nanos()},
                     std::pair{b.seconds(), b.nanos()});
  case kind::duration:
    return three_way(a.nanoseconds(), b.nanoseconds());
  case kind::null:
  case kind::integer:
  case kind::unsigned_integer:
  case kind::real:
  case kind::list:
  case kind::map:
  case kind::type:
  case kind::optional:
  case kind::ip:
  case kind::cidr:
  case kind::error:
    break;
  }
  return ordering::incomparable;
}

namespace {

uint64_t hash_of(const value& v, size_t& left) {
  left -= left > 0 ? 1 : 0;
  const auto seed = static_cast<uint64_t>(v.kind_of()) * 0x9e3779b97f4a7c15ULL;
  switch (v.kind_of()) {
  case kind::null:
  case kind::error:
    return seed;
  case kind::boolean:
    return mixed(seed + (v.as_bool() ? 1 : 0));
  case kind::integer:
  case kind::unsigned_integer:
  case kind::real:
    return hash_double(v.number());
  case kind::string:
  case kind::bytes:
  case kind::type:
    return seed ^ xxh64(v.text());
  case kind::list: {
    uint64_t h = seed;
    for (size_t i = 0; i < v.size() && left > 0; ++i)
      h = mixed(h + hash_of(v.item(i), left));
    return h;
  }
  case kind::map: {
    const auto m = v.settled();
    uint64_t h = seed; // the order of entries does not count
    for (size_t i = 0; i < m.size() && left > 0; ++i)
      h += mixed(hash_of(m.key(i), left) + 3 * hash_of(m.mapped(i), left));
    return h;
  }
  case kind::timestamp:
    return mixed(seed + static_cast<uint64_t>(v.seconds()) * 1'000'000'007ULL +
                 static_cast<uint64_t>(v.nanos()));
  case kind::duration:
    return mixed(seed + static_cast<uint64_t>(v.nanoseconds()));
  case kind::optional:
    return v.inner() ? mixed(seed + hash_of(*v.inner(), left)) : seed;
  case kind::ip:
  case kind::cidr: {
    const auto* bytes = reinterpret_cast<const char*>(v.address().data());
    return seed ^ xxh64({bytes, v.address().size()});
  }
  }
  return seed;
}

} // namespace

uint64_t hash(const value& v) {
  constexpr size_t parts_max = 100'000;
  size_t left = parts_max;
  const auto h = hash_of(v, left);
  return left == 0 ? 0 : h; // equal values have as many parts
}

std::optional<size_t> first_bad_key(const std::vector<value::entry>& entries) {
  const auto is_key = [](const value& v) {
    return v.is(kind::boolean) || v.is(kind::integer) ||
           v.is(kind::unsigned_integer) || v.is(kind::string);
  };
  std::vector<std::pair<uint64_t, size_t>> seen;
  seen.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!is_key(entries[i].first))
      return i;
    seen.emplace_back(hash(entries[i].first), i);
  }
  std::sort(seen.begin(), seen.end());
  for (size_t i = 0; i < seen.size(); ++i)
    for (size_t j = i + 1; j < seen.size() && seen[j].first == seen[i].first;
         ++j)
      if (equal(entries[seen[i].second].first, entries[seen[j].second].first))
        return seen[j].second;
  return std::nullopt;
}

std::string_view type_name_of(const value& v) {
  switch (v.kind_of()) {
  case kind::null:
    return "null_type";
  case kind::boolean:
    return "bool";
  case kind::integer:
    return "int";
  case kind::unsigned_integer:
    return "uint";
  case kind::real:
    return "double";
  case kind::string:
    return "string";
  case kind::bytes:
    return "bytes";
  case kind::list:
    return "list";
  case kind::map:
    return "map";
  case kind::timestamp:
    return "google.protobuf.Timestamp";
  case kind::duration:
    return "google.protobuf.Duration";
  case kind::type:
    return "type";
  case kind::optional:
    return "optional_type";
  case kind::ip:
    return "net.IP";
  case kind::cidr:
    return "net.CIDR";
  case kind::error:
    return "error";
  }
  return "error";
}

bool is_zero(const value& v) {
  switch (v.kind_of()) {
  case kind::null:
    return true;
  case kind::boolean:
    return !v.as_bool();
  case kind::integer:
    return v.as_int() == 0;
  case kind::unsigned_integer:
    return v.as_uint() == 0;
  case kind::real:
    return v.as_double() == 0;
  case kind::string:
  case kind::bytes:
    return v.text().empty();
  case kind::list:
  case kind::map:
    return v.size() == 0;
  case kind::timestamp:
    return v.seconds() == 0 && v.nanos() == 0;
  case kind::duration:
    return v.nanoseconds() == 0;
  case kind::optional:
    return v.inner() == nullptr;
  case kind::ip:
  case kind::cidr:
  case kind::type:
  case kind::error:
    return false;
  }
  return false;
}

} // namespace eventpulse::cel

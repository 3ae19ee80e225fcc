#pragma once
// A CEL value at run time. Used by programs, by the rule engine (variables,
// results, group keys, text of alerts) and by queries.
//
// Copying is cheap: scalars, times and addresses lie inside, everything else is
// shared and immutable. Strings, lists and maps may be views into a parsed JSON
// document (Boost.JSON) that the value keeps alive, or into an `object`, whose
// fields are made when asked for; nothing is converted deeply. Errors are
// values, as the language has it (langdef.md, "Runtime Errors").
// Not thread-safe to assign, safe to share between threads to read.

#include "runtime/core/base/check.hpp"

#include <boost/json/fwd.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventpulse::cel {

class value;

/// What a value is for the language. A lazy `object` is a map.
enum class kind : uint8_t {
  null,
  boolean,
  integer,
  unsigned_integer,
  real,
  string,
  bytes,
  list,
  map,
  timestamp,
  duration,
  type,
  optional,
  ip,
  cidr,
  error,
};

/// Why an evaluation failed.
enum class fault : uint8_t {
  no_such_overload,
  no_such_key,
  divide_by_zero,
  overflow,
  out_of_range,
  invalid_argument,
  unknown_name,
  duplicate_key,
  no_value,        // value() of an empty optional
  budget_exceeded, // more steps than allowed
};

std::string_view describe(fault f) noexcept;

/// A struct-like value whose fields are made on demand, such as `event`. To
/// programs it is a map from string. Implementations must be immutable to the
/// outside and answer the same every time.
class object {
public:
  virtual ~object();
  /// The field, or nullopt when there is none by this name.
  virtual std::optional<value> field(std::string_view name) const = 0;
  virtual bool has(std::string_view name) const = 0;
  /// For iteration, equality and rendering; never on the common path.
  virtual std::vector<std::string> names() const = 0;
};

class value {
public:
  using entry = std::pair<value, value>;
  using owner = std::shared_ptr<const void>;

  value() noexcept : as_{} {} // null

  static value boolean(bool b) noexcept;
  static value integer(int64_t i) noexcept;
  static value unsigned_integer(uint64_t u) noexcept;
  static value real(double d) noexcept;
  static value string(std::string text);
  /// `text` must live as long as `keep` does; null: as long as anybody uses it.
  static value string(std::string_view text, owner keep) noexcept;
  static value bytes(std::string data);
  static value list(std::vector<value> items);
  /// Keys must be distinct (see first_bad_key) and bool, int, uint or string.
  static value map(std::vector<entry> entries);
  /// Seconds since 1970 and 0..999'999'999 nanoseconds; year 1 to 9999.
  static value timestamp(int64_t seconds, int32_t nanos) noexcept;
  static value timestamp_ms(int64_t unix_ms) noexcept;
  static value duration(int64_t nanoseconds) noexcept;
  static value type_name(std::string name);
  /// `name` is one that type_name_of() gives.
  static value type_name(std::string_view name) noexcept;
  static value optional_of(value inner);
  static value optional_none() noexcept;
  /// An IPv4 address is its IPv4-mapped IPv6 form with `is_v4`.
  static value ip(const std::array<uint8_t, 16>& address, bool is_v4) noexcept;
  static value cidr(const std::array<uint8_t, 16>& address, bool is_v4,
                    uint8_t prefix) noexcept;
  static value of(std::shared_ptr<const object> lazy) noexcept;
  static value error(fault f) noexcept;
  static value error(fault f, std::string detail);
  static value error(fault f, std::string_view detail, owner keep) noexcept;

  kind kind_of() const noexcept { return kind_; }
  bool is(kind k) const noexcept { return kind_ == k; }
  bool is_error() const noexcept { return kind_ == kind::error; }
  bool is_number() const noexcept {
    return kind_ == kind::integer || kind_ == kind::unsigned_integer ||
           kind_ == kind::real;
  }
  /// True for the value `true` alone.
  bool is_true() const noexcept { return kind_ == kind::boolean && as_.b; }

  bool as_bool() const { return check(kind::boolean), as_.b; }
  int64_t as_int() const { return check(kind::integer), as_.i; }
  uint64_t as_uint() const { return check(kind::unsigned_integer), as_.u; }
  double as_double() const { return check(kind::real), as_.d; }
  /// Any number as the nearest double.
  double number() const;
  /// String, bytes or the name of a type.
  std::string_view text() const;
  int64_t seconds() const { return check(kind::timestamp), as_.time.seconds; }
  int32_t nanos() const { return check(kind::timestamp), as_.time.nanos; }
  int64_t nanoseconds() const { return check(kind::duration), as_.i; }
  const std::array<uint8_t, 16>& address() const { return as_.address; }
  bool is_v4() const { return (extra_ & 0x100) != 0; }
  uint8_t prefix() const { return static_cast<uint8_t>(extra_ & 0xff); }
  fault why() const { return check(kind::error), static_cast<fault>(extra_); }
  /// "no such key: 'amount'".
  std::string error_text() const;
  /// Null for optional.none().
  const value* inner() const;

  /// How many values are in it, itself included. Shared parts count each time,
  /// so this bounds every walk over it; what is still JSON counts one level.
  uint32_t weight() const noexcept;
  /// How deeply values are nested in it; what is still JSON counts one.
  uint32_t depth() const noexcept;
  /// Items of a list, entries of a map.
  size_t size() const;
  value item(size_t index) const;
  value key(size_t index) const;
  value mapped(size_t index) const;
  /// The entry of a map; keys compare as CEL compares (1 == 1u == 1.0).
  std::optional<value> find(const value& key) const;
  std::optional<value> find(std::string_view key) const;
  bool contains(std::string_view key) const;
  /// The same value with random access: an object becomes a map.
  value settled() const;

  /// Keeps alive what the views of this value point into.
  const owner& kept() const noexcept { return owner_; }

private:
  enum class backing : uint8_t { native, json, lazy };
  struct native_map;
  friend value from_json(const boost::json::value&, owner);

  bool is_aggregate() const noexcept;
  void check(kind k) const { EP_EXPECT(kind_ == k); }
  const std::vector<value>& items() const;
  const native_map& entries() const;
  const boost::json::array& json_array() const;
  const boost::json::object& json_object() const;
  const object& lazy() const { return *static_cast<const object*>(as_.at.p); }
  const value* find_native(const value& key) const;

  union content {
    bool b;
    int64_t i;
    uint64_t u;
    double d;
    struct {
      const void* p;
      size_t n;
    } at;
    struct {
      int64_t seconds;
      int32_t nanos;
    } time;
    std::array<uint8_t, 16> address;
  };

  kind kind_ = kind::null;
  backing backing_ = backing::native;
  uint32_t extra_ = 0;
  content as_;
  owner owner_;
};

// --- JSON -------------------------------------------------------------------

/// A view of `document`, which it keeps alive. Integers that fit int64 are int,
/// other numbers double.
value from_json(std::shared_ptr<const boost::json::value> document);
/// A view of `node`, which must live as long as `keep` does (null: as long as
/// anybody uses the value).
value from_json(const boost::json::value& node, value::owner keep);
/// Bytes become base64, times their text, NaN and infinities strings, optionals
/// their content or null, errors an object {"error": text}.
/// Cut off after a million parts.
boost::json::value to_json(const value& v);

// --- text -------------------------------------------------------------------

/// For holes in alert texts: a string as it is, numbers the natural way, the
/// rest as CEL would write it.
std::string to_text(const value& v);
/// A CEL literal: strings quoted. Cut off with an ellipsis when very long.
std::string to_literal(const value& v);
/// The same text for values that are equal, and only for these (integers above
/// 2^53 beside doubles excepted: no digit of an integer is lost).
std::string group_key(const value& v);
/// Shortest text that reads back: "5", "0.1", "1e+23", "NaN", "-Infinity".
std::string double_text(double d);
std::string quoted(std::string_view text);

// --- comparison -------------------------------------------------------------

/// CEL's ==, without errors: values of different types differ, numbers compare
/// on one line, NaN differs from itself. `left` sinks by what was looked at; at
/// 0 the answer is false and means nothing.
bool equal(const value& a, const value& b, uint64_t* left = nullptr);
enum class ordering : uint8_t { less, same, greater, unordered, incomparable };
ordering compare(const value& a, const value& b);
/// Consistent with equal().
uint64_t hash(const value& v);
/// The position of the first key that is there twice or of no key type.
std::optional<size_t> first_bad_key(const std::vector<value::entry>& entries);

/// "int", "google.protobuf.Timestamp", "null_type".
std::string_view type_name_of(const value& v);
/// Whether it is the empty value of its type (optional.ofNonZeroValue).
bool is_zero(const value& v);

} // namespace eventpulse::cel

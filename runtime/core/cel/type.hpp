#pragma once
// The static types of CEL: what the checker knows of an expression before it
// runs. Used by environments (declared variables and functions), the checker
// and whoever asks a program for its result type. Immutable, cheap to copy.
// Wrapper and protobuf message types do not exist here (EventPulse evaluates
// CEL over JSON); a `structure` stands for a value with known field names.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventpulse::cel {

enum class type_kind : uint8_t {
  dyn,
  null,
  boolean,
  integer,
  unsigned_integer,
  real,
  string,
  bytes,
  timestamp,
  duration,
  type,      // the type of types; one parameter
  list,      // one parameter
  map,       // two parameters
  optional,  // one parameter
  opaque,    // named, any number of parameters: net.IP, tuple(A, B)
  structure, // named fields, behaves as a map with string keys
  parameter, // a type variable
};

class type;

/// The fields of a structure. An open one may have others, of type dyn.
struct structure_fields {
  std::string name;
  std::vector<std::pair<std::string, type>> fields;
  bool open = false;

  const type* find(std::string_view field) const;
};

class type {
public:
  type() = default; // dyn
  explicit type(type_kind k) : kind_(k) {}

  static type of_type(type t);
  static type list_of(type element);
  static type map_of(type key, type mapped);
  static type optional_of(type element);
  static type opaque(std::string name, std::vector<type> parameters = {});
  static type structure(std::shared_ptr<const structure_fields> fields);
  /// A type parameter as written in a declaration.
  static type parameter(std::string name);
  /// A type variable of one check run.
  static type variable(uint32_t number);

  /// "int", "map(string, list(T))", "optional_type(int)", "net.IP"; an upper
  /// case first letter without a dot is a type parameter. Nullopt when it is
  /// not a type.
  static std::optional<type> parse(std::string_view text);

  type_kind kind() const noexcept { return kind_; }
  bool is(type_kind k) const noexcept { return kind_ == k; }
  bool is_dyn() const noexcept { return kind_ == type_kind::dyn; }
  const std::vector<type>& parameters() const;
  const std::string& name() const;
  uint32_t number() const noexcept { return number_; }
  const structure_fields* fields() const;

  /// As parse() reads it.
  std::string text() const;

  friend bool operator==(const type& a, const type& b);

private:
  struct detail {
    std::string name;
    std::vector<type> parameters;
    std::shared_ptr<const structure_fields> fields;
  };

  type(type_kind k, std::string name, std::vector<type> parameters);

  type_kind kind_ = type_kind::dyn;
  uint32_t number_ = 0;
  std::shared_ptr<const detail> detail_;
};

} // namespace eventpulse::cel

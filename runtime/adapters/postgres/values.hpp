#pragma once
// SQL values in and out as text. Going in, a NUL byte, which PostgreSQL's text
// cannot hold and C strings would cut short in silence, spoils its parameters:
// session refuses to run them. What must be kept whatever it holds is made
// storable first. Coming out, what is
// not of its type is a stored value that cannot be read back.

#include "runtime/adapters/postgres/driver.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse::postgres {

/// A value that PostgreSQL would refuse; becomes errc::rejected.
struct value_refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A stored value that cannot be read; becomes errc::corrupt.
struct value_corrupt : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An array literal, for unnest.
class array_text {
public:
  array_text& text(std::string_view value);
  array_text& text_or_null(std::string_view value); // "" becomes NULL
  array_text& number(int64_t value);
  array_text& number_or_null(std::optional<int64_t> value);
  array_text& flag(bool value);
  array_text& bytes(std::string_view value);
  array_text& null();

private:
  friend class parameters;

  void separate();

  std::string out_ = "{";
  bool has_nul_ = false;
};

/// The parameters of one statement, in order.
class parameters {
public:
  parameters& text(std::string_view value);
  parameters& text_or_null(std::string_view value); // "" becomes NULL
  parameters& number(int64_t value);
  parameters& number_or_null(std::optional<int64_t> value);
  parameters& flag(bool value);
  parameters& bytes(std::string_view value);
  parameters& array(array_text value);
  parameters& null();

  /// A text among them holds a NUL byte.
  bool has_nul() const { return has_nul_; }
  size_t size() const { return all_.size(); }
  const driver::values& all() const { return all_; }

private:
  driver::values all_;
  bool has_nul_ = false;
};

/// `{"a","b"}` of many texts.
array_text text_array(const std::vector<std::string>& all);

/// A position part as bigint. Redis's are unsigned 64-bit; no clock reaches the
/// upper half, so one from there is refused rather than wrapped.
int64_t stored_number(uint64_t value);

/// The nearest bigint: for bounds of comparisons.
int64_t nearest_number(uint64_t value);

/// The same 64 bits: for what is only ever compared for equality.
inline int64_t same_bits(uint64_t value) {
  return static_cast<int64_t>(value);
}
inline uint64_t same_bits(int64_t value) {
  return static_cast<uint64_t>(value);
}

/// `text` with every NUL and every byte that is no UTF-8 as U+FFFD, so that
/// PostgreSQL takes it.
std::string storable_text(std::string_view text);

/// `text` where it is JSON, else `text` as a JSON string.
std::string storable_json(const std::string& text);

std::string text_of(const pqxx::field& f); // NULL is ""
std::optional<std::string> text_if(const pqxx::field& f);
int64_t number_of(const pqxx::field& f);
std::optional<int64_t> number_if(const pqxx::field& f);
bool flag_of(const pqxx::field& f);
std::string bytes_of(const pqxx::field& f);
std::vector<std::string> texts_of_json(const pqxx::field& f); // to_json(text[])
std::vector<int64_t> numbers_of_json(const pqxx::field& f); // to_json(bigint[])

} // namespace eventpulse::postgres

#include "runtime/core/aggregates/cardinality.hpp"

#include "runtime/core/base/hash.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace eventpulse {

namespace {

constexpr int precision = 14;
constexpr size_t register_count = size_t{1} << precision;
constexpr uint8_t rank_max = 64 - precision + 1;

} // namespace

void cardinality::add_hash(uint64_t hash) {
  const auto at = hash >> (64 - precision);
  const auto rest = hash << precision;
  const int zeros = rest == 0 ? 64 - precision : std::countl_zero(rest);
  auto& r = registers_[at];
  r = std::max(r, static_cast<uint8_t>(zeros + 1));
}

void cardinality::go_over() {
  registers_.assign(register_count, 0);
  for (const auto& v : values_)
    add_hash(xxh64(v));
  values_.clear();
}

void cardinality::add(const std::string& value) {
  if (approximate())
    return add_hash(xxh64(value));
  values_.insert(value);
  if (values_.size() > exact_max_)
    go_over();
}

void cardinality::merge(const cardinality& other) {
  if (!other.approximate()) {
    for (const auto& v : other.values_)
      add(v);
    return;
  }
  if (!approximate())
    go_over();
  for (size_t i = 0; i < register_count; ++i)
    registers_[i] = std::max(registers_[i], other.registers_[i]);
}

uint64_t cardinality::value() const {
  if (!approximate())
    return values_.size();
  constexpr double m = register_count;
  double sum = 0;
  size_t zeros = 0;
  for (auto r : registers_) {
    sum += std::ldexp(1.0, -static_cast<int>(r));
    zeros += r == 0;
  }
  const double raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
  const double estimate = raw <= 2.5 * m && zeros > 0
                              ? m * std::log(m / static_cast<double>(zeros))
                              : raw;
  return static_cast<uint64_t>(std::llround(estimate));
}

void cardinality::save(byte_writer& to) const {
  to.flag(approximate());
  if (approximate()) {
    for (auto r : registers_)
      to.u8(r);
    return;
  }
  to.count(values_.size());
  for (const auto& v : values_)
    to.text(v);
}

void cardinality::load(byte_reader& from) {
  values_.clear();
  registers_.clear();
  if (from.flag()) {
    registers_.assign(register_count, 0);
    for (auto& r : registers_) {
      r = from.u8();
      if (r > rank_max)
        from.fail();
    }
    return;
  }
  const auto n = from.count(4);
  if (n > exact_max_)
    from.fail();
  for (size_t i = 0; i < n && from.ok(); ++i)
    values_.emplace(from.text());
}

} // namespace eventpulse

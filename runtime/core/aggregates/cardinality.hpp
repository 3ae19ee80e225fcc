#pragma once
// How many different values: exact up to a bound, above it a HyperLogLog of
// 2^14 registers (P. Flajolet et al., "HyperLogLog", 2007; bias for small
// counts as there), standard error 0.8 %. Two of them can be put together; the
// whole is exact as long as both are and the bound allows.

#include "runtime/core/engine/bytes.hpp"

#include <set>
#include <string>
#include <vector>

namespace eventpulse {

class cardinality {
public:
  explicit cardinality(size_t exact_max) : exact_max_(exact_max) {}

  void add(const std::string& value);
  void merge(const cardinality& other);
  uint64_t value() const;
  bool approximate() const noexcept { return !registers_.empty(); }

  void save(byte_writer& to) const;
  void load(byte_reader& from);

private:
  void add_hash(uint64_t hash);
  void go_over();

  size_t exact_max_;
  std::set<std::string> values_;   // ordered, so that snapshots are too
  std::vector<uint8_t> registers_; // empty while exact
};

} // namespace eventpulse

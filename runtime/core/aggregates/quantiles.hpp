#pragma once
// Percentiles of numbers: exact up to a bound, above it a DDSketch (C. Masson,
// J. Rim, H. Lee, "DDSketch", VLDB 2019) whose answers are within 1 % of the
// true value. Bins are bounded; beyond that the smallest magnitudes share one.

#include "runtime/core/engine/bytes.hpp"

#include <map>
#include <vector>

namespace eventpulse {

class quantiles {
public:
  explicit quantiles(size_t exact_max) : exact_max_(exact_max) {}

  void add(double x); // finite
  void merge(const quantiles& other);
  /// NaN when there is nothing.
  double percentile(double percent) const;
  bool approximate() const noexcept { return sketched_; }

  void save(byte_writer& to) const;
  void load(byte_reader& from);

private:
  using bins = std::map<int32_t, uint64_t>;

  void sketch(double x, uint64_t n);
  void go_over();
  static void bound(bins& b);

  size_t exact_max_;
  bool sketched_ = false;
  std::vector<double> numbers_; // while exact, in order of arrival
  bins positive_, negative_;    // by the logarithm of the magnitude
  uint64_t zeros_ = 0;
};

} // namespace eventpulse

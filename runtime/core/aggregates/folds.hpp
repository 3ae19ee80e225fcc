#pragma once
// Small summaries of numbers that can be put together: sum, extreme, moments.
// All have a neutral element (no samples), so a window may be folded in parts;
// results depend on how it was folded only in the last bits, and the windows
// fold in a fixed way.

#include "runtime/core/aggregates/aggregate.hpp"
#include "runtime/core/engine/bytes.hpp"

#include <cmath>

namespace eventpulse {

/// A sum that keeps what rounding lost: A. Neumaier, "Rundungsfehleranalyse
/// einiger Verfahren zur Summation endlicher Summen", ZAMM 54 (1974).
struct sum_fold {
  double sum = 0;
  double lost = 0;
  uint64_t n = 0;

  static sum_fold of(double x) { return {x, 0, 1}; }
  double value() const { return sum + lost; }

  friend sum_fold operator+(const sum_fold& a, const sum_fold& b) {
    const double t = a.sum + b.sum;
    if (!std::isfinite(t))
      return {t, 0, a.n + b.n};
    const double error = std::abs(a.sum) >= std::abs(b.sum)
                             ? (a.sum - t) + b.sum
                             : (b.sum - t) + a.sum;
    return {t, a.lost + b.lost + error, a.n + b.n};
  }

  void save(byte_writer& to) const {
    to.f64(sum);
    to.f64(lost);
    to.u64(n);
  }
  static sum_fold load(byte_reader& from) {
    sum_fold out;
    out.sum = from.f64();
    out.lost = from.f64();
    out.n = from.u64();
    return out;
  }
};

/// The least, or with Sign -1 the greatest number.
template <int Sign>
struct extreme_fold {
  double extreme = 0;
  uint64_t n = 0;

  static extreme_fold of(double x) { return {x, 1}; }
  double value() const { return n > 0 ? extreme : no_number; }

  friend extreme_fold operator+(const extreme_fold& a, const extreme_fold& b) {
    if (a.n == 0 || b.n == 0)
      return a.n == 0 ? b : a;
    const bool first = a.extreme * Sign <= b.extreme * Sign;
    return {first ? a.extreme : b.extreme, a.n + b.n};
  }

  void save(byte_writer& to) const {
    to.f64(extreme);
    to.u64(n);
  }
  static extreme_fold load(byte_reader& from) {
    extreme_fold out;
    out.extreme = from.f64();
    out.n = from.u64();
    return out;
  }
};

/// Mean and sum of squared differences from it; put together as in T. Chan,
/// G. Golub, R. LeVeque, "Updating Formulae and a Pairwise Algorithm for
/// Computing Sample Variances" (1979).
struct moments_fold {
  uint64_t n = 0;
  double mean = 0;
  double squares = 0;

  static moments_fold of(double x) { return {1, x, 0}; }
  double value() const {
    return n > 0 ? std::sqrt(squares / static_cast<double>(n)) : no_number;
  }

  friend moments_fold operator+(const moments_fold& a, const moments_fold& b) {
    if (a.n == 0 || b.n == 0)
      return a.n == 0 ? b : a;
    const auto n = static_cast<double>(a.n + b.n);
    const double apart = b.mean - a.mean;
    const double share = static_cast<double>(b.n) / n;
    return {a.n + b.n, a.mean + apart * share,
            a.squares + b.squares +
                apart * apart * static_cast<double>(a.n) * share};
  }

  void save(byte_writer& to) const {
    to.u64(n);
    to.f64(mean);
    to.f64(squares);
  }
  static moments_fold load(byte_reader& from) {
    moments_fold out;
    out.n = from.u64();
    out.mean = from.f64();
    out.squares = from.f64();
    return out;
  }
};

using min_fold = extreme_fold<1>;
using max_fold = extreme_fold<-1>;

} // namespace eventpulse

#pragma once
// What an aggregate of a rule is, and one event's contribution to it. The sets
// of samples (windows) are sliding columns (aggregates/column.hpp) or
// accumulators (aggregates/accumulator.hpp).

#include "runtime/core/cel/value.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eventpulse {

enum class aggregate_function : uint8_t {
  count,    // events
  count_if, // events for which the argument is true
  sum,      // 0 without samples
  avg,      // NaN without samples, and so on down to percentile
  min,
  max,
  stddev,     // of the population
  distinct,   // different values, as CEL compares them
  percentile, // nearest rank: the least value that p % of all do not exceed
  rate,       // events per second of the window's size
  first,      // null without samples
  last,
};

struct aggregate_spec {
  aggregate_function function = aggregate_function::count;
  double percent = 0; // percentile
  double seconds = 1; // rate: the window's size
};

using aggregate_specs = std::vector<aggregate_spec>;

bool has_argument(aggregate_function f) noexcept;

/// One event's part. An absent one was left out, since its expression failed or
/// gave a value of no use.
struct sample {
  bool present = false;
  double number = 0; // sum, avg, min, max, stddev, percentile; 1 for counts
  std::string text;  // distinct: the value's key; first, last: its JSON
};

/// The sample that `v`, the value of the argument, is for `f`. Absent for
/// errors, for what is no finite number where one is needed, and for values
/// beyond limits::sample_bytes_max in first and last.
sample sample_of(aggregate_function f, const cel::value& v);

inline constexpr double no_number = std::numeric_limits<double>::quiet_NaN();

} // namespace eventpulse

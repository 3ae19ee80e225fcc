#include "runtime/core/aggregates/aggregate.hpp"

#include "runtime/core/base/hash.hpp"
#include "runtime/core/base/limits.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cmath>

namespace eventpulse {

bool has_argument(aggregate_function f) noexcept {
  return f != aggregate_function::count && f != aggregate_function::rate;
}

namespace {

// Long values count by their hash, so that a set of them stays small.
constexpr size_t distinct_text_bytes_max = 64;

sample distinct_sample(const cel::value& v) {
  auto key = cel::group_key(v);
  if (key.size() > distinct_text_bytes_max)
    key = "#" + sha256_hex(key);
  return {true, 0, std::move(key)};
}

sample number_sample(const cel::value& v) {
  if (!v.is_number())
    return {};
  const double number = v.number();
  if (!std::isfinite(number))
    return {};
  return {true, number, {}};
}

sample json_sample(const cel::value& v) {
  auto text = boost::json::serialize(cel::to_json(v));
  if (text.size() > limits::sample_bytes_max)
    return {};
  return {true, 0, std::move(text)};
}

} // namespace

sample sample_of(aggregate_function f, const cel::value& v) {
  if (v.is_error())
    return {};
  switch (f) {
  case aggregate_function::count:
  case aggregate_function::rate:
    return {true, 1, {}};
  case aggregate_function::count_if:
    return v.is(cel::kind::boolean) ? sample{true, v.is_true() ? 1. : 0., {}}
                                    : sample{};
  case aggregate_function::sum:
  case aggregate_function::avg:
  case aggregate_function::min:
  case aggregate_function::max:
  case aggregate_function::stddev:
  case aggregate_function::percentile:
    return number_sample(v);
  case aggregate_function::distinct:
    return distinct_sample(v);
  case aggregate_function::first:
  case aggregate_function::last:
    return json_sample(v);
  }
  return {};
}

} // namespace eventpulse

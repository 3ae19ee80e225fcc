#define CAF_SUITE engine_aggregates
#include <caf/test/unit_test.hpp>

#include "runtime/core/aggregates/accumulator.hpp"
#include "runtime/core/aggregates/column.hpp"
#include "runtime/core/base/limits.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

using namespace eventpulse;

namespace {

constexpr aggregate_function all_functions[]{
    aggregate_function::count,      aggregate_function::count_if,
    aggregate_function::sum,        aggregate_function::avg,
    aggregate_function::min,        aggregate_function::max,
    aggregate_function::stddev,     aggregate_function::distinct,
    aggregate_function::percentile, aggregate_function::rate,
    aggregate_function::first,      aggregate_function::last};

aggregate_spec spec_of(aggregate_function f) {
  return {f, 75, 2};
}

std::string text(const cel::value& v) {
  return cel::to_literal(v);
}

std::string column_bytes(const column& c, size_t events) {
  byte_writer to;
  c.save(to, events);
  return to.take();
}

std::string bytes_of(const accumulator& a) {
  byte_writer to;
  a.save(to);
  return to.take();
}

sum_fold sum_of(const std::vector<double>& all) {
  sum_fold out;
  for (double x : all)
    out = out + sum_fold::of(x);
  return out;
}

} // namespace

CAF_TEST(sums_keep_what_rounding_loses) {
  CAF_CHECK_EQUAL(sum_of({1, 1e100, 1, -1e100}).value(), 2);
  std::vector<double> tenths(1000, 0.1);
  CAF_CHECK_EQUAL(sum_of(tenths).value(), 100);
  CAF_CHECK(std::isinf(sum_of({1e308, 1e308}).value()));
}

CAF_TEST(samples_are_of_use_or_absent) {
  using f = aggregate_function;
  CAF_CHECK(sample_of(f::sum, cel::value::integer(3)).number == 3);
  CAF_CHECK(sample_of(f::sum, cel::value::unsigned_integer(3)).present);
  CAF_CHECK(!sample_of(f::sum, cel::value::string("3")).present);
  CAF_CHECK(!sample_of(f::sum, cel::value::real(INFINITY)).present);
  CAF_CHECK(!sample_of(f::sum, cel::value::real(NAN)).present);
  CAF_CHECK(
      !sample_of(f::distinct, cel::value::error(cel::fault::overflow)).present);
  CAF_CHECK(!sample_of(f::count_if, cel::value::integer(1)).present);
  // 1, 1u and 1.0 are one value; a long one is kept by its hash.
  CAF_CHECK_EQUAL(sample_of(f::distinct, cel::value::integer(1)).text,
                  sample_of(f::distinct, cel::value::real(1)).text);
  CAF_CHECK_LESS(
      sample_of(f::distinct, cel::value::string(std::string(5000, 'x')))
          .text.size(),
      100u);
  const auto fits = limits::sample_bytes_max - 2;
  CAF_CHECK(
      sample_of(f::last, cel::value::string(std::string(fits, 'x'))).present);
  CAF_CHECK(!sample_of(f::last, cel::value::string(std::string(fits + 1, 'x')))
                 .present);
}

CAF_TEST(without_samples_sums_are_zero_and_the_rest_is_no_number) {
  for (auto f : all_functions) {
    const auto spec = spec_of(f);
    const auto a = column{spec}.value(spec, 0);
    CAF_CHECK_EQUAL(text(a), text(accumulator(spec, 10).value(spec, 0)));
    switch (f) {
    case aggregate_function::sum:
    case aggregate_function::rate:
      CAF_CHECK_EQUAL(a.as_double(), 0);
      break;
    case aggregate_function::count:
    case aggregate_function::count_if:
    case aggregate_function::distinct:
      CAF_CHECK_EQUAL(a.as_int(), 0);
      break;
    case aggregate_function::first:
    case aggregate_function::last:
      CAF_CHECK(a.is(cel::kind::null));
      break;
    default:
      CAF_CHECK(std::isnan(a.as_double()));
    }
  }
}

CAF_TEST(a_sliding_column_equals_one_made_anew) {
  std::mt19937_64 random{1};
  for (auto f : all_functions) {
    const auto spec = spec_of(f);
    column sliding{spec};
    std::vector<sample> in;
    for (int i = 0; i < 600; ++i) {
      if (!in.empty() && random() % 5 < 2) {
        sliding.pop();
        in.erase(in.begin());
      } else {
        sample s;
        s.present = random() % 6 != 0;
        if (s.present) {
          s.number = static_cast<double>(random() % 20);
          s.text = std::to_string(random() % 7);
        }
        if (f == aggregate_function::count_if)
          s.number = s.number > 9 ? 1 : 0;
        sliding.push(s);
        in.push_back(s);
      }
      column fresh{spec};
      for (const auto& s : in)
        fresh.push(s);
      const auto got = sliding.value(spec, in.size());
      const auto want = fresh.value(spec, in.size());
      if (f == aggregate_function::stddev && !std::isnan(want.as_double()))
        CAF_CHECK_LESS(std::abs(got.as_double() - want.as_double()), 1e-9);
      else
        CAF_CHECK_EQUAL(text(got), text(want));
      // Bit for bit through a snapshot, what is pushed later included.
      if (i % 50 == 0) {
        column back{spec};
        const auto bytes = column_bytes(sliding, in.size());
        byte_reader from{bytes};
        back.load(from, in.size());
        CAF_CHECK(from.at_end());
        CAF_CHECK(column_bytes(back, in.size()) == bytes);
        CAF_CHECK_EQUAL(text(back.value(spec, in.size())), text(got));
      }
    }
  }
}

CAF_TEST(accumulators_in_parts_equal_one_over_all) {
  std::mt19937_64 random{2};
  for (auto f : all_functions) {
    const auto spec = spec_of(f);
    accumulator whole{spec, 1000}, parts{spec, 1000};
    uint64_t n = 0;
    for (int p = 0; p < 12; ++p) {
      accumulator part{spec, 1000};
      for (auto left = random() % 40; left > 0; --left) {
        sample s{random() % 5 != 0, static_cast<double>(random() % 30),
                 std::to_string(random() % 50)};
        whole.add(s);
        part.add(s);
        ++n;
      }
      const auto bytes = bytes_of(part);
      accumulator back{spec, 1000};
      byte_reader from{bytes};
      back.load(from);
      CAF_CHECK(from.at_end());
      CAF_CHECK(bytes_of(back) == bytes);
      parts.merge(back);
    }
    const auto got = parts.value(spec, n), want = whole.value(spec, n);
    if (f == aggregate_function::stddev)
      CAF_CHECK_LESS(std::abs(got.as_double() - want.as_double()), 1e-9);
    else
      CAF_CHECK_EQUAL(text(got), text(want));
  }
}

CAF_TEST(percentiles_are_nearest_rank) {
  quantiles q{100};
  for (double x : {15., 20., 35., 40., 50.})
    q.add(x);
  CAF_CHECK_EQUAL(q.percentile(0), 15);
  CAF_CHECK_EQUAL(q.percentile(5), 15);
  CAF_CHECK_EQUAL(q.percentile(30), 20);
  CAF_CHECK_EQUAL(q.percentile(40), 20);
  CAF_CHECK_EQUAL(q.percentile(50), 35);
  CAF_CHECK_EQUAL(q.percentile(100), 50);
}

CAF_TEST(above_the_bound_percentiles_are_within_one_percent) {
  std::mt19937_64 random{3};
  std::lognormal_distribution<double> sizes{3, 2};
  quantiles whole{100};
  std::vector<double> all;
  for (int p = 0; p < 20; ++p) {
    quantiles part{100};
    for (int i = 0; i < 1000; ++i) {
      const double x = sizes(random) * (random() % 4 == 0 ? -1 : 1);
      all.push_back(x);
      part.add(x);
    }
    whole.merge(part);
  }
  CAF_CHECK(whole.approximate());
  std::sort(all.begin(), all.end());
  for (double p : {0., 1., 10., 25., 50., 75., 90., 99., 99.9, 100.}) {
    const auto rank = std::max(std::ceil(p / 100 * double(all.size())), 1.);
    const double want = all[static_cast<size_t>(rank) - 1];
    CAF_CHECK_LESS_OR_EQUAL(std::abs(whole.percentile(p) - want),
                            std::abs(want) * 0.0101);
  }
}

CAF_TEST(the_bound_of_exact_values_is_exact) {
  cardinality c{3};
  for (const auto* v : {"a", "b", "c", "a"})
    c.add(v);
  CAF_CHECK(!c.approximate());
  CAF_CHECK_EQUAL(c.value(), 3u);
  c.add("d");
  CAF_CHECK(c.approximate());
  CAF_CHECK_EQUAL(c.value(), 4u);
}

CAF_TEST(above_the_bound_counts_of_distinct_values_are_close) {
  for (size_t n : {500u, 5000u, 50'000u, 300'000u}) {
    cardinality whole{100};
    for (size_t p = 0; p < 4; ++p) {
      cardinality part{100};
      for (size_t i = p; i < n; i += 3) // overlapping parts
        part.add("value " + std::to_string(i % n));
      whole.merge(part);
    }
    const auto error = std::abs(double(whole.value()) - double(n)) / double(n);
    CAF_CHECK_LESS(error, 0.04); // five standard errors
  }
}

CAF_TEST(broken_bytes_are_refused) {
  std::mt19937_64 random{5};
  for (auto f : all_functions) {
    const auto spec = spec_of(f);
    accumulator a{spec, 20};
    for (int i = 0; i < 15; ++i)
      a.add({true, double(i), std::to_string(i)});
    const auto good = bytes_of(a);
    for (size_t cut = 0; cut < good.size(); ++cut) {
      accumulator back{spec, 20};
      byte_reader from{std::string_view{good}.substr(0, cut)};
      back.load(from);
      CAF_CHECK(!from.ok());
    }
    for (int i = 0; i < 300 && !good.empty(); ++i) {
      auto bad = good;
      for (auto n = 1 + random() % 4; n > 0; --n)
        bad[random() % bad.size()] = static_cast<char>(random());
      accumulator back{spec, 20};
      byte_reader from{bad};
      back.load(from);
      if (from.ok())
        back.value(spec, 1); // whatever it is, it has a value
    }
  }
}

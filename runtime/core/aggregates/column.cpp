#include "runtime/core/aggregates/column.hpp"

#include "runtime/core/base/limits.hpp"

#include <boost/json/parse.hpp>

namespace eventpulse {

namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};

double number_or_nan(const sample& s) {
  return s.present ? s.number : no_number;
}

sample number_sample(double x) {
  return std::isnan(x) ? sample{} : sample{true, x, {}};
}

} // namespace

cel::value value_of_json(const std::string& text) {
  if (text.empty())
    return {};
  boost::system::error_code failed;
  boost::json::parse_options options;
  options.max_depth = limits::sample_bytes_max;
  auto parsed = boost::json::parse(text, failed, {}, options);
  if (failed)
    return {};
  return cel::from_json(
      std::make_shared<const boost::json::value>(std::move(parsed)));
}

column::column(const aggregate_spec& spec) {
  switch (spec.function) {
  case aggregate_function::count:
  case aggregate_function::rate:
    in_ = every_event{};
    break;
  case aggregate_function::count_if:
    in_ = truths{};
    break;
  case aggregate_function::sum:
  case aggregate_function::avg:
    in_ = fold_queue<sum_fold>{};
    break;
  case aggregate_function::min:
    in_ = fold_queue<min_fold>{};
    break;
  case aggregate_function::max:
    in_ = fold_queue<max_fold>{};
    break;
  case aggregate_function::stddev:
    in_ = fold_queue<moments_fold>{};
    break;
  case aggregate_function::percentile:
    in_ = sorted_numbers{};
    break;
  case aggregate_function::distinct:
    in_.emplace<distinct_values>();
    break;
  case aggregate_function::first:
  case aggregate_function::last:
    in_ = texts{};
    break;
  }
}

void column::push(const sample& s) {
  std::visit(overloaded{[](every_event&) {},
                        [&](truths& t) {
                          const bool yes = s.present && s.number != 0;
                          t.queue.push(s.present ? (yes ? 1 : 0) : 2);
                          t.n += yes;
                        },
                        [&](texts& t) { t.push(s.present ? s.text : ""); },
                        [&](distinct_values& d) {
                          d.push(s.present ? &s.text : nullptr);
                        },
                        [&](auto& numbers) { numbers.push(number_or_nan(s)); }},
             in_);
}

void column::pop() {
  std::visit(overloaded{[](every_event&) {},
                        [](truths& t) {
                          t.n -= t.queue.front() == 1;
                          t.queue.pop();
                        },
                        [](auto& samples) { samples.pop(); }},
             in_);
}

cel::value column::value(const aggregate_spec& spec, size_t events) const {
  return std::visit(
      overloaded{
          [&](const every_event&) {
            const auto n = static_cast<int64_t>(events);
            return spec.function == aggregate_function::rate
                       ? cel::value::real(static_cast<double>(n) / spec.seconds)
                       : cel::value::integer(n);
          },
          [&](const truths& t) {
            return cel::value::integer(static_cast<int64_t>(t.n));
          },
          [&](const fold_queue<sum_fold>& q) {
            const auto f = q.fold();
            if (spec.function == aggregate_function::sum)
              return cel::value::real(f.value());
            return cel::value::real(
                f.n > 0 ? f.value() / static_cast<double>(f.n) : no_number);
          },
          [&](const sorted_numbers& s) {
            return cel::value::real(s.percentile(spec.percent));
          },
          [&](const distinct_values& d) {
            return cel::value::integer(static_cast<int64_t>(d.distinct()));
          },
          [&](const texts& t) {
            const auto n = t.size();
            for (size_t i = 0; i < n; ++i) {
              const auto& text =
                  t[spec.function == aggregate_function::first ? i : n - 1 - i];
              if (!text.empty())
                return value_of_json(text);
            }
            return cel::value{};
          },
          [&](const auto& queue) {
            return cel::value::real(queue.fold().value());
          }},
      in_);
}

sample column::at(size_t i) const {
  return std::visit(
      overloaded{
          [](const every_event&) {
            return sample{true, 1, {}};
          },
          [&](const truths& t) {
            const auto v = t.queue[i];
            return v == 2 ? sample{} : sample{true, double(v), {}};
          },
          [&](const texts& t) {
            return sample{!t[i].empty(), 0, t[i]};
          },
          [&](const distinct_values& d) {
            return d[i] ? sample{true, 0, *d[i]} : sample{};
          },
          [&](const auto& numbers) { return number_sample(numbers[i]); }},
      in_);
}

void column::save(byte_writer& to, size_t events) const {
  std::visit(overloaded{[](const every_event&) {},
                        [&](const truths& t) {
                          for (size_t i = 0; i < events; ++i)
                            to.u8(t.queue[i]);
                        },
                        [&](const texts& t) {
                          for (size_t i = 0; i < events; ++i)
                            to.text(t[i]);
                        },
                        [&](const distinct_values& d) {
                          for (size_t i = 0; i < events; ++i) {
                            to.flag(d[i] != nullptr);
                            if (d[i] != nullptr)
                              to.text(*d[i]);
                          }
                        },
                        [&](const sorted_numbers& s) {
                          for (size_t i = 0; i < events; ++i)
                            to.f64(s[i]);
                        },
                        [&](const auto& queue) { queue.save(to); }},
             in_);
}

void column::load(byte_reader& from, size_t events) {
  std::visit(overloaded{[](every_event&) {},
                        [&](truths&) {
                          for (size_t i = 0; i < events && from.ok(); ++i) {
                            const auto v = from.u8();
                            if (v > 2)
                              return from.fail();
                            push({v != 2, double(v), {}});
                          }
                        },
                        [&](texts& t) {
                          for (size_t i = 0; i < events && from.ok(); ++i)
                            t.push(std::string{from.text()});
                        },
                        [&](distinct_values& d) {
                          for (size_t i = 0; i < events && from.ok(); ++i) {
                            if (!from.flag()) {
                              d.push(nullptr);
                              continue;
                            }
                            const std::string text{from.text()};
                            d.push(&text);
                          }
                        },
                        [&](sorted_numbers& s) {
                          for (size_t i = 0; i < events && from.ok(); ++i)
                            s.push(from.f64());
                        },
                        [&](auto& queue) { queue.load(from, events); }},
             in_);
}

} // namespace eventpulse

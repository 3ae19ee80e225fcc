#include "runtime/core/aggregates/accumulator.hpp"

#include "runtime/core/aggregates/column.hpp"
#include "runtime/core/base/limits.hpp"

namespace eventpulse {

namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};

template <class T>
concept fold = requires(T a) {
  T::of(0.0) + a;
};

std::string text_from(byte_reader& from) {
  const auto text = from.text();
  if (text.size() > limits::sample_bytes_max)
    from.fail();
  return std::string{text};
}

} // namespace

accumulator::accumulator(const aggregate_spec& spec, size_t exact_max) {
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
    in_ = sum_fold{};
    break;
  case aggregate_function::min:
    in_ = min_fold{};
    break;
  case aggregate_function::max:
    in_ = max_fold{};
    break;
  case aggregate_function::stddev:
    in_ = moments_fold{};
    break;
  case aggregate_function::percentile:
    in_ = quantiles{exact_max};
    break;
  case aggregate_function::distinct:
    in_ = cardinality{exact_max};
    break;
  case aggregate_function::first:
    in_ = first_text{};
    break;
  case aggregate_function::last:
    in_ = last_text{};
    break;
  }
}

void accumulator::add(const sample& s) {
  if (!s.present)
    return;
  std::visit(overloaded{[](every_event&) {},
                        [&](truths& t) { t.n += s.number != 0; },
                        [&](quantiles& q) { q.add(s.number); },
                        [&](cardinality& c) { c.add(s.text); },
                        [&](first_text& t) {
                          if (t.text.empty())
                            t.text = s.text;
                        },
                        [&](last_text& t) { t.text = s.text; },
                        [&]<fold F>(F& f) { f = f + F::of(s.number); }},
             in_);
}

void accumulator::merge(const accumulator& newer) {
  std::visit(
      [&]<class T>(T& mine) {
        const auto& other = std::get<T>(newer.in_);
        if constexpr (fold<T>) {
          mine = mine + other;
        } else if constexpr (std::is_same_v<T, truths>) {
          mine.n += other.n;
        } else if constexpr (std::is_same_v<T, first_text>) {
          if (mine.text.empty())
            mine.text = other.text;
        } else if constexpr (std::is_same_v<T, last_text>) {
          if (!other.text.empty())
            mine.text = other.text;
        } else if constexpr (!std::is_same_v<T, every_event>) {
          mine.merge(other);
        }
      },
      in_);
}

cel::value accumulator::value(const aggregate_spec& spec,
                              uint64_t events) const {
  const auto whole = [](uint64_t n) {
    return cel::value::integer(static_cast<int64_t>(n));
  };
  return std::visit(
      overloaded{[&](const every_event&) {
                   return spec.function == aggregate_function::rate
                              ? cel::value::real(static_cast<double>(events) /
                                                 spec.seconds)
                              : whole(events);
                 },
                 [&](const truths& t) { return whole(t.n); },
                 [&](const sum_fold& f) {
                   if (spec.function == aggregate_function::sum)
                     return cel::value::real(f.value());
                   return cel::value::real(
                       f.n > 0 ? f.value() / static_cast<double>(f.n)
                               : no_number);
                 },
                 [&](const quantiles& q) {
                   return cel::value::real(q.percentile(spec.percent));
                 },
                 [&](const cardinality& c) { return whole(c.value()); },
                 [](const first_text& t) { return value_of_json(t.text); },
                 [](const last_text& t) { return value_of_json(t.text); },
                 [](const auto& f) { return cel::value::real(f.value()); }},
      in_);
}

bool accumulator::approximate() const {
  if (const auto* q = std::get_if<quantiles>(&in_))
    return q->approximate();
  if (const auto* c = std::get_if<cardinality>(&in_))
    return c->approximate();
  return false;
}

void accumulator::save(byte_writer& to) const {
  std::visit(overloaded{[](const every_event&) {},
                        [&](const truths& t) { to.u64(t.n); },
                        [&](const first_text& t) { to.text(t.text); },
                        [&](const last_text& t) { to.text(t.text); },
                        [&](const auto& other) { other.save(to); }},
             in_);
}

void accumulator::load(byte_reader& from) {
  std::visit(overloaded{[](every_event&) {},
                        [&](truths& t) { t.n = from.u64(); },
                        [&](first_text& t) { t.text = text_from(from); },
                        [&](last_text& t) { t.text = text_from(from); },
                        [&](quantiles& q) { q.load(from); },
                        [&](cardinality& c) { c.load(from); },
                        [&]<fold F>(F& f) { f = F::load(from); }},
             in_);
}

} // namespace eventpulse

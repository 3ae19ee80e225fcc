#include "runtime/core/aggregates/quantiles.hpp"

#include "runtime/core/aggregates/sorted_numbers.hpp"

namespace eventpulse {

namespace {

constexpr double accuracy = 0.01;
constexpr double gamma_ = (1 + accuracy) / (1 - accuracy);
constexpr size_t bins_max = 2048;   // 17 decades
constexpr int32_t bin_max = 40'000; // beyond any double

int32_t bin_of(double magnitude) {
  return static_cast<int32_t>(
      std::ceil(std::log(magnitude) / std::log(gamma_)));
}

double value_of(int32_t bin) {
  return 2 * std::pow(gamma_, bin) / (gamma_ + 1);
}

} // namespace

void quantiles::bound(bins& b) {
  while (b.size() > bins_max) {
    const auto least = b.begin();
    std::next(least)->second += least->second;
    b.erase(least);
  }
}

void quantiles::sketch(double x, uint64_t n) {
  if (x == 0)
    zeros_ += n;
  else if (x > 0)
    positive_[bin_of(x)] += n;
  else
    negative_[bin_of(-x)] += n;
  bound(positive_);
  bound(negative_);
}

void quantiles::go_over() {
  sketched_ = true;
  for (double x : numbers_)
    sketch(x, 1);
  numbers_ = {};
}

void quantiles::add(double x) {
  if (sketched_)
    return sketch(x, 1);
  numbers_.push_back(x);
  if (numbers_.size() > exact_max_)
    go_over();
}

void quantiles::merge(const quantiles& other) {
  for (double x : other.numbers_)
    add(x);
  if (!other.sketched_)
    return;
  if (!sketched_)
    go_over();
  for (const auto& [bin, n] : other.positive_)
    positive_[bin] += n;
  for (const auto& [bin, n] : other.negative_)
    negative_[bin] += n;
  zeros_ += other.zeros_;
  bound(positive_);
  bound(negative_);
}

double quantiles::percentile(double percent) const {
  if (!sketched_) {
    if (numbers_.empty())
      return no_number;
    auto sorted = numbers_;
    const auto rank = nearest_rank(percent, sorted.size());
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }
  uint64_t all = zeros_;
  for (const auto* side : {&positive_, &negative_})
    for (const auto& [bin, n] : *side)
      all += n;
  auto left = static_cast<uint64_t>(nearest_rank(percent, all));
  for (auto at = negative_.rbegin(); at != negative_.rend(); ++at) {
    if (left < at->second)
      return -value_of(at->first);
    left -= at->second;
  }
  if (left < zeros_)
    return 0;
  left -= zeros_;
  for (const auto& [bin, n] : positive_) {
    if (left < n)
      return value_of(bin);
    left -= n;
  }
  return no_number;
}

void quantiles::save(byte_writer& to) const {
  to.flag(sketched_);
  if (!sketched_) {
    to.count(numbers_.size());
    for (double x : numbers_)
      to.f64(x);
    return;
  }
  to.u64(zeros_);
  for (const auto* side : {&positive_, &negative_}) {
    to.count(side->size());
    for (const auto& [bin, n] : *side) {
      to.u32(static_cast<uint32_t>(bin));
      to.u64(n);
    }
  }
}

void quantiles::load(byte_reader& from) {
  *this = quantiles{exact_max_};
  sketched_ = from.flag();
  if (!sketched_) {
    const auto n = from.count(8);
    if (n > exact_max_)
      return from.fail();
    for (size_t i = 0; i < n && from.ok(); ++i)
      numbers_.push_back(from.f64());
    return;
  }
  constexpr uint64_t count_max = uint64_t{1} << 56; // so that sums stay sums
  const auto counted = [&](uint64_t n) {
    if (n > count_max)
      from.fail();
    return n;
  };
  zeros_ = counted(from.u64());
  for (auto* side : {&positive_, &negative_}) {
    const auto n = from.count(12);
    if (n > bins_max)
      return from.fail();
    for (size_t i = 0; i < n && from.ok(); ++i) {
      const auto bin = static_cast<int32_t>(from.u32());
      if (bin > bin_max || bin < -bin_max)
        from.fail();
      (*side)[bin] = counted(from.u64());
    }
  }
}

} // namespace eventpulse

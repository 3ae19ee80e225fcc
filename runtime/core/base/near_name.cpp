#include "runtime/core/base/near_name.hpp"

#include <algorithm>
#include <vector>

namespace eventpulse {

namespace {

// Longer than any name of ours: such input is not a slip of the fingers.
constexpr size_t name_bytes_max = 128;

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1),
      row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1,
                         last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

} // namespace

std::optional<std::string_view>
near_name(std::string_view wanted, std::span<const std::string_view> known) {
  if (wanted.empty() || wanted.size() > name_bytes_max)
    return std::nullopt;
  std::optional<std::string_view> best;
  size_t least = 0;
  for (auto name : known) {
    const auto d = distance(wanted, name);
    if (!best || d < least) {
      best = name;
      least = d;
    }
  }
  if (!best || least > std::max<size_t>(1, wanted.size() / 3))
    return std::nullopt;
  return best;
}

std::string near_name_hint(std::string_view wanted,
                           std::span<const std::string_view> known) {
  const auto found = near_name(wanted, known);
  return found ? "; did you mean '" + std::string{*found} + "'?" : "";
}

} // namespace eventpulse

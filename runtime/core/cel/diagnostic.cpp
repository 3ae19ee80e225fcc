#include "runtime/core/cel/diagnostic.hpp"

#include "runtime/core/cel/utf8.hpp"

#include <algorithm>

namespace eventpulse::cel {

namespace {

constexpr size_t shown_before_max = 60;
constexpr size_t shown_after_max = 40;
constexpr size_t compared_bytes_max = 64;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Edit distance with transpositions of neighbours (optimal string alignment);
// case does not count.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1]))
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

} // namespace

diagnostic make_diagnostic(std::string_view source, size_t offset,
                           std::string message, std::string hint) {
  diagnostic d;
  d.offset = std::min(offset, source.size());
  const auto before = source.substr(0, d.offset);
  d.line += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const auto line_break = before.rfind('\n');
  const auto line_start =
      line_break == std::string_view::npos ? 0 : line_break + 1;
  d.column += static_cast<int>(code_point_count(before.substr(line_start)));
  d.message = std::move(message);
  d.hint = std::move(hint);
  return d;
}

std::string render(std::string_view source, const diagnostic& d) {
  const auto offset = std::min(d.offset, source.size());
  auto from =
      offset == 0 ? std::string_view::npos : source.rfind('\n', offset - 1);
  from = from == std::string_view::npos ? 0 : from + 1;
  const auto to = std::min(source.find('\n', offset), source.size());
  while (offset - from > shown_before_max)
    from += code_point_bytes(source, from);
  auto end = offset;
  while (end < to && end - offset < shown_after_max)
    end += code_point_bytes(source, end);
  std::string out = std::to_string(d.line) + ':' + std::to_string(d.column) +
                    ": " + d.message;
  if (!d.hint.empty())
    out += "; " + d.hint;
  std::string line{source.substr(from, end - from)};
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20)
      c = ' ';
  const auto caret_at =
      code_point_count(std::string_view{line}.substr(0, offset - from));
  return out + "\n | " + line + "\n | " + std::string(caret_at, ' ') + '^';
}

std::string nearest(std::string_view name,
                    const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > compared_bytes_max)
    return {};
  const size_t allowed = std::clamp<size_t>(name.size() / 3, 1, 3);
  size_t best = allowed + 1;
  std::string found;
  for (const auto& candidate : candidates) {
    if (candidate == name || candidate.size() > compared_bytes_max ||
        candidate.size() <= 1)
      continue;
    const auto d = distance(name, candidate);
    if (d < best) {
      best = d;
      found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view name,
                         const std::vector<std::string>& candidates) {
  const auto near = nearest(name, candidates);
  return near.empty() ? near : "did you mean '" + near + "'?";
}

} // namespace eventpulse::cel
